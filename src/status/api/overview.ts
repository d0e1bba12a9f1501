import type { CatchUpView as Progress } from '../../catch-up/catch-up.ts';
import { type StandingHolds, standingHolds } from '../../decide/holds.ts';
import type { Policy } from '../../decide/policy.ts';
import { type EpochMs, SECOND } from '../../decide/time.ts';
import type { DispatcherSnapshot } from '../../dispatch/dispatcher.ts';
import type { CardShares, SeenReplica, ShareTotals } from '../../store/store.ts';
import type { WebhookCounters } from '../../webhook/report.ts';
import type { ServiceSnapshot } from '../problems/snapshot.ts';
import { createShowLine, type ShowLine, type ShownCounts } from '../view/chat-view.ts';
import type { CatchUpView, LineView, Overview, Problem } from '../view/schemas.ts';
import { isoTime } from '../view/wording.ts';
import type { StatusDeps } from './deps.ts';

/**
 * Builds the overview for `GET /status` and the pages. Its cost doesn't grow with the number of chats.
 * @throws {StoreError} by rejecting
 */
export function createOverview(deps: StatusDeps): () => Promise<Overview> {
  const look = createServiceView(deps);
  return async () => (await look()).overview;
}

/** What the metrics show of the service: the overview, and the snapshot it was built from. */
export interface ServiceView {
  readonly overview: Overview;
  readonly snapshot: ServiceSnapshot;
}

/** @throws {StoreError} by rejecting */
export function createServiceView(deps: StatusDeps): () => Promise<ServiceView> {
  const { store, policy, showNumbers, version, startedAt, webhookCounters } = deps;
  return async () => {
    const { problems, snapshot } = await deps.watch.check();
    const { now, dispatcher, counts, heads, totals, sizeBytes, lastBackupAt, catchUpState } = snapshot;
    const { kind, schemaVersion } = store;
    const overview = showOverview({
      version,
      startedAt,
      replicas: deps.replicas(),
      now,
      problems,
      webhooks: webhookCounters(),
      counts,
      totals,
      heads,
      dispatcher,
      store: { kind, schemaVersion, sizeBytes },
      lastBackupAt,
      catchUp: deps.catchUp.view(catchUpState),
      policy,
      showNumbers,
      cardShares: await store.cardShares(now),
    });
    return { overview, snapshot };
  };
}

/** Input to the overview, all from the same moment. */
export interface OverviewInput {
  readonly version: string;
  readonly startedAt: EpochMs;
  readonly replicas: readonly SeenReplica[];
  readonly now: EpochMs;
  readonly problems: readonly Problem[];
  readonly webhooks: WebhookCounters;
  readonly counts: ShownCounts;
  readonly totals: ShareTotals;
  /** The earliest attempt of each line that has one. */
  readonly heads: readonly { readonly line: string | null; readonly nextAttemptAt: EpochMs }[];
  readonly dispatcher: DispatcherSnapshot;
  readonly store: { readonly kind: string; readonly schemaVersion: number; readonly sizeBytes: number };
  readonly lastBackupAt: EpochMs | null;
  readonly catchUp: Progress;
  readonly policy: Policy;
  readonly showNumbers: boolean;
  /** Of lines whose card has changed. */
  readonly cardShares: readonly CardShares[];
}

export function showOverview(input: OverviewInput): Overview {
  const { version, startedAt, now, problems, webhooks, counts, dispatcher, store, policy } = input;
  return {
    ok: problems.every(({ severity }) => severity !== 'error'),
    version,
    startedAt: isoTime(startedAt),
    now: isoTime(now),
    problems: [...problems],
    webhooks: {
      lastAcceptedAt: isoTime(webhooks.lastAcceptedAt),
      accepted: webhooks.accepted,
      ignored: webhooks.ignored,
      quarantined: webhooks.quarantined,
      rejected: { ...webhooks.rejected },
    },
    chats: { total: counts.total, byState: { ...counts.byState } },
    shares: showShares(input),
    lines: showLines(input),
    catchUp: showCatchUp(input.catchUp),
    store: { ...store, lastBackupAt: isoTime(input.lastBackupAt) },
    replicas: input.replicas.map(({ id, version, startedAt, seenAt, isLeader }) => {
      return { id, version, startedAt: isoTime(startedAt), seenAt: isoTime(seenAt), isLeader };
    }),
    paused: dispatcher.holds.some(({ scope, reason }) => scope === null && reason === 'paused'),
    dryRun: policy.dryRun,
  };
}

function showShares({ totals, counts, heads, dispatcher, now }: OverviewInput): Overview['shares'] {
  const nextDueAt = earliestOpen(heads, standingHolds(dispatcher));
  const overdue = counts.byState.due;
  return {
    total: totals.succeeded,
    last24h: { ...totals.last24h },
    lastSucceededAt: isoTime(totals.lastSucceededAt),
    nextDueAt: isoTime(nextDueAt),
    overdue,
    oldestOverdueSeconds:
      overdue === 0 || nextDueAt === null ? null : Math.max(0, Math.floor((now - nextDueAt) / SECOND)),
  };
}

/** Chats whose account or line has a hold aren't due. */
function earliestOpen(heads: OverviewInput['heads'], holds: StandingHolds): EpochMs | null {
  const open = heads.filter(({ line }) => holds.of(line) === null);
  return open.length === 0 ? null : Math.min(...open.map(({ nextAttemptAt }) => nextAttemptAt));
}

interface LineInput extends Pick<OverviewInput, 'counts' | 'policy' | 'cardShares'> {
  readonly showLine: ShowLine;
}

/** Our own lines, ordered by number. */
function showLines(input: OverviewInput): LineView[] {
  const lines = [...input.dispatcher.lines].sort((a, b) => (a.line.line < b.line.line ? -1 : 1));
  const showLine = createShowLine(
    input.showNumbers,
    lines.map(({ line }) => line.line),
  );
  return lines.map((line) => showLineState(line, { ...input, showLine }));
}

export function showLineState(
  { line: { line, card, cardCheckedAt }, hold }: DispatcherSnapshot['lines'][number],
  { counts, policy, showLine, cardShares }: LineInput,
): LineView {
  const shares = cardShares.find((each) => each.line === line);
  const isExcluded = policy.lines !== null && !policy.lines.has(line);
  return {
    line: showLine(line),
    card: {
      state: card,
      checkedAt: isoTime(cardCheckedAt),
      changedAt: isoTime(shares?.changedAt ?? null),
      sharedAgain: shares?.sharedAgain ?? null,
      left: shares?.left ?? null,
    },
    chats: counts.byLine.get(line) ?? 0,
    hold: isExcluded ? 'line_excluded' : (hold?.reason ?? null),
    until: isExcluded ? null : isoTime(hold?.until ?? null),
  };
}

export function showCatchUp({ activity, cause, run, completedAt }: Progress): CatchUpView {
  return {
    state: activity,
    cause,
    lastCompletedAt: isoTime(completedAt),
    startedAt: isoTime(run?.startedAt ?? null),
    chatsSeen: run?.chatsSeen ?? 0,
    chatsTotal: run?.chatsTotal ?? null,
    chatsRead: run?.chatsRead ?? 0,
    chatsChanged: run?.chatsChanged ?? 0,
    chatsUnread: run?.chatsUnread ?? 0,
  };
}
