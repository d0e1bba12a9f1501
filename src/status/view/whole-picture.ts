import type { Overview } from '../api/schemas.ts';
import type { StatusDeps } from './deps.ts';
import { showOverview } from './overview.ts';
import type { Situation } from './situation.ts';

export interface Picture {
  readonly overview: Overview;
  /** What it was drawn from. */
  readonly situation: Situation;
}

/**
 * Draws the whole picture, for `GET /status` and for every page. Nothing in it takes longer with more chats.
 * @throws {StoreError} what it resolves with rejects so
 */
export function createOverview(deps: StatusDeps): () => Promise<Overview> {
  const draw = createPicture(deps);
  return async () => (await draw()).overview;
}

/** The same, for the metrics. @throws {StoreError} what it resolves with rejects so */
export function createPicture(deps: StatusDeps): () => Promise<Picture> {
  const { store, policy, showNumbers, version, startedAt, webhookCounters } = deps;
  return async () => {
    const { problems, situation } = await deps.watch.look();
    const { now, gates, counts, heads, lastBackupAt } = situation;
    const { kind, schemaVersion } = store;
    const overview = showOverview({
      version,
      startedAt,
      now,
      problems,
      webhooks: webhookCounters(),
      counts,
      totals: await store.shareTotals(now),
      heads,
      gates,
      store: { kind, schemaVersion, sizeBytes: await store.sizeBytes() },
      lastBackupAt,
      catchUp: deps.catchUp.view(),
      policy,
      showNumbers,
    });
    return { overview, situation };
  };
}
