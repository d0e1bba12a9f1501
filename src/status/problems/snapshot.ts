import type { Clock } from '../../clock.ts';
import { type StandingHolds, standingHolds } from '../../decide/holds.ts';
import type { Policy } from '../../decide/policy.ts';
import type { EpochMs } from '../../decide/time.ts';
import type { ChatCount, DeliveryNews, SeenReplica, Store, StoreSummary } from '../../store/store.ts';
import type { WebhookCounters } from '../../webhook/report.ts';
import { type ShownCounts, showCounts } from '../view/chat-view.ts';
import type { AlertState, ProblemSnapshot, SubscriptionState } from './problems.ts';
import {
  createBackupWatch,
  createOverdueWatch,
  createSignatureWatch,
  createSilence,
  type Queue,
} from './signs.ts';
import type { StoreProbe } from './store-probe.ts';

export interface SnapshotDeps {
  readonly store: Pick<Store, 'chats' | 'diskSpace'>;
  readonly clock: Pick<Clock, 'now' | 'monotonic' | 'toDomain'>;
  readonly policy: Policy;
  /** Starts per second and line; 0: no limit. */
  readonly ratePerLine: number;
  /** 0: no limit on silence. */
  readonly silentAfterMs: number;
  readonly counters: WebhookCounters;
  /** 0: no automatic backups. */
  readonly backupEveryMs: number;
  readonly isBackupFailing: () => boolean;
  readonly subscription: () => SubscriptionState;
  readonly alerts: () => AlertState;
  /** Those that share the store. */
  readonly replicas: () => readonly SeenReplica[];
  /** Those of them that live, but for this one. */
  readonly others: () => readonly SeenReplica[];
  /** @see ProblemSnapshot */
  readonly replicaId: string | null;
}

/** What problems, and the rest of the overview, are derived from. */
export interface ServiceSnapshot extends ProblemSnapshot {
  readonly counts: ShownCounts;
  /** The earliest attempt of each line that has one. */
  readonly heads: StoreSummary['heads'];
  readonly totals: StoreSummary['totals'];
  readonly sizeBytes: number;
  readonly deliveries: DeliveryNews;
  readonly lastBackupAt: EpochMs | null;
  readonly catchUpState: StoreSummary['catchUp'];
}

/** What was read for a snapshot at an instant. */
export interface Read {
  readonly now: EpochMs;
  readonly dispatcher: ServiceSnapshot['dispatcher'];
  readonly summary: StoreSummary;
  readonly probe: StoreProbe;
}

/**
 * Makes the snapshot. Its cost doesn't grow with the number of chats. Some values only show by comparison
 * with earlier snapshots.
 * @throws {StoreError} by rejecting
 */
export function createServiceSnapshot(
  deps: SnapshotDeps,
  before: DeliveryNews,
): (read: Read) => Promise<ServiceSnapshot> {
  const { store, clock, policy, counters } = deps;
  const elapsed = () => clock.toDomain(clock.monotonic());
  const silence = createSilence(before, elapsed());
  const signatures = createSignatureWatch(clock.monotonic());
  const overdue = createOverdueWatch(deps.ratePerLine, clock.toDomain);
  const backup = createBackupWatch(deps.backupEveryMs, elapsed());

  return async ({ now, dispatcher, summary, probe }) => {
    const { heads, totals, sizeBytes, quarantined, lastBackupAt, catchUp } = summary;
    const holds = standingHolds(dispatcher);
    const counts = showCounts(summary.counts, holds);
    const isWaiting = dispatcher.clockDistrustedSince !== null; // nothing starts automatically
    const queues = isWaiting ? [] : dueQueues(heads, summary.counts, holds, now);
    const deliveries = silence(counters.lastAcceptedAt, now, elapsed());
    return {
      now,
      dispatcher,
      probe,
      counts,
      heads,
      totals,
      sizeBytes,
      deliveries,
      lastBackupAt,
      quarantined,
      parked: {
        count: counts.parked,
        oldestAt: counts.parked === 0 ? null : await oldestParkedAt(store, now),
      },
      silence: { silentMs: deliveries.silentMs, limitMs: deps.silentAfterMs },
      signatures: signatures(counters, clock.monotonic()),
      overdue: overdue(queues, now, clock.monotonic()),
      disk: await store.diskSpace(),
      backup: backup(lastBackupAt, deps.isBackupFailing(), now, elapsed()),
      subscription: deps.subscription(),
      catchUp: catchUp.failing,
      catchUpState: catchUp,
      alerts: deps.alerts(),
      doSettingsDiffer: new Set(deps.replicas().map(({ fingerprint }) => fingerprint)).size > 1,
      replicaId: deps.replicaId,
      others: deps.others(),
      policy,
    };
  };
}

/**
 * The queues of lines without a hold. A line whose card isn't checked yet counts as open: if every check
 * fails, nothing else reports it.
 */
function dueQueues(
  heads: ServiceSnapshot['heads'],
  counts: readonly ChatCount[],
  holds: StandingHolds,
  now: EpochMs,
): readonly Queue[] {
  const due = new Map<string | null, number>();
  for (const { line, state, count } of counts)
    if (state === 'due') due.set(line, (due.get(line) ?? 0) + count);
  const isOpen = (line: string | null) => (holds.of(line)?.reason ?? 'card_unknown') === 'card_unknown';
  return heads
    .filter(({ line, nextAttemptAt }) => nextAttemptAt <= now && isOpen(line))
    .map(({ line, nextAttemptAt }) => ({ line, headAt: nextAttemptAt, due: due.get(line) ?? 0 }));
}

const PARKED_READ = 200;

/** Checks only the first parked chats: there are rarely more. */
async function oldestParkedAt(store: Pick<Store, 'chats'>, now: EpochMs): Promise<EpochMs | null> {
  const filter = { states: null, reasons: ['parked'] as const, lines: null, notLines: null };
  const { chats } = await store.chats([filter], PARKED_READ, null, now);
  const instants = chats.map(({ parkedAt }) => parkedAt).filter((at) => at !== null);
  return instants.length === 0 ? null : Math.min(...instants);
}
