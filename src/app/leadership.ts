import type { Clock } from '../clock.ts';
import { MINUTE, SECOND } from '../decide/time.ts';
import type { Log } from '../log.ts';
import {
  NOTHING_REPORTED,
  type Replica,
  type ReplicaReport,
  type SeenReplica,
  type Standing,
  type Store,
} from '../store/store.ts';

/** Which replica this is among those that share the store. With SQLite it is the only one. */
export interface Leadership {
  /** True while this replica does what must be done once. */
  isLeader(): boolean;
  /**
   * In which term it leads, or did when a heartbeat last reached the store, which fails since: then it alone can say so. Another
   * term may have passed before this one began. Null: another replica may lead.
   */
  term(): number | null;
  /** All replicas that live decide by the same settings, so that re-evaluating chats ends. */
  areSettingsAgreed(): boolean;
  /** The replicas seen lately, this one included, as of the last heartbeat. */
  replicas(): readonly SeenReplica[];
  /** Those of them that live, but for this one. */
  others(): readonly SeenReplica[];
  /** Of this replica. */
  readonly id: string;
  /** Resolves when this replica is known to the others. @throws {StoreError} */
  start(): Promise<void>;
  /** Lets another lead. Never rejects. */
  stop(): Promise<void>;
}

/** Real time. */
const BEAT_MS = 10 * SECOND;
/** Shorter than the store's lease of 30 s: a replica that was suspended doesn't act as leader beside the next one. */
const ACTS_MS = 25 * SECOND;
/** Replicas that stopped are still shown for a while, and their settings with them. */
const AGREED_AFTER_MS = 60 * SECOND;

/**
 * A leader whose own way to Linq is broken keeps closed what the others could open: only it probes, catches up and alerts. So
 * after three failures in a row of one of these, and half a minute of it (shorter outages at Linq are common), it
 * lets another try.
 */
const FAILURES = 3;
const FAILING_MS = 30 * SECOND;
/** While it stands aside it doesn't resign again: if all fail alike, each leads once in this time, and the last one stays. */
const ASIDE_MS = 15 * MINUTE;
/** A replica that was seen within this time lives: it beats every 10 s. */
const ALIVE_MS = 30 * SECOND;

export interface LeadershipOptions {
  readonly store: Pick<Store, 'kind' | 'beat' | 'leave'>;
  readonly clock: Clock;
  readonly replica: Replica;
  readonly log: Log;
  /** How often in a row each kind of work has failed that only the leader does, by calls of its own. */
  readonly failures: () => Readonly<Record<string, number>>;
  /** What the others are to know. */
  readonly report: () => ReplicaReport;
  /** This replica leads from now on, or no longer. */
  readonly onChange: () => void;
}

/** Says every 10 s that this replica lives, and learns who leads. */
export function createLeadership(options: LeadershipOptions): Leadership {
  const { store, clock, replica, log, failures, report, onChange } = options;
  const stopping = new AbortController();
  const isShared = store.kind !== 'sqlite';
  let seen: readonly SeenReplica[] = [];
  let actsUntil = Number.NEGATIVE_INFINITY;
  let differedAt = Number.NEGATIVE_INFINITY;
  let wasLeader = false;
  let term: number | null = null;
  let ledLast = false;
  let isCutOff = false;
  let failingSince: number | null = null;
  let asideUntil = Number.NEGATIVE_INFINITY;
  let hasResigned = false;
  let running: Promise<void> = Promise.resolve();

  const isLeader = () => (isShared ? clock.monotonic() < actsUntil : true);

  const others = () => seen.filter(({ id, seenAt }) => id !== replica.id && clock.now() - seenAt < ALIVE_MS);

  function tellChange(): void {
    if (isLeader() === wasLeader) return;
    wasLeader = isLeader();
    // replicas' machines may disagree about the time: the term says in which order they led
    if (isShared) log.info({ replica: replica.id, term }, wasLeader ? 'leader.began' : 'leader.ended');
    onChange();
  }

  async function beat(): Promise<void> {
    const sentAt = clock.monotonic();
    const candidacy = sentAt < asideUntil ? 'aside' : 'candidate';
    const standing: Standing = hasResigned ? 'resigning' : candidacy;
    seen = await store.beat(replica, clock.now(), { standing, report: report() }).catch((error: unknown) => {
      isCutOff = true;
      throw error;
    });
    hasResigned = false;
    isCutOff = false;
    const self = seen.find(({ id }) => id === replica.id);
    ledLast = self?.isLeader === true;
    if (ledLast) term = self?.term ?? null;
    actsUntil = ledLast ? sentAt + ACTS_MS : Number.NEGATIVE_INFINITY;
    if (seen.some(({ fingerprint }) => fingerprint !== replica.fingerprint)) differedAt = sentAt;
  }

  /** What keeps failing that only the leader does, so that another replica should try; null: nothing, or none could. */
  function failing(): string | null {
    const at = clock.monotonic();
    const [kind] = Object.entries(failures()).find(([, count]) => count >= FAILURES) ?? [];
    failingSince = kind === undefined || !isLeader() ? null : (failingSince ?? at);
    const isLasting = failingSince !== null && at - failingSince >= FAILING_MS;
    return isLasting && others().length > 0 && at >= asideUntil ? (kind ?? null) : null;
  }

  /** The next heartbeat, due now, lets another lead. */
  function resign(failed: string): void {
    log.warn({ replica: replica.id, failed }, 'leader.resigned');
    hasResigned = true;
    failingSince = null;
    ledLast = false;
    actsUntil = Number.NEGATIVE_INFINITY;
    asideUntil = clock.monotonic() + ASIDE_MS;
  }

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      await clock.sleepUntil(Number.POSITIVE_INFINITY, BEAT_MS, stopping.signal);
      if (stopping.signal.aborted) return;
      await beat().catch(() => {}); // a store that fails is reported by who needs it
      const failed = failing();
      if (failed !== null) {
        resign(failed);
        await beat().catch(() => {}); // then the next one does
      }
      tellChange();
    }
  }

  return {
    isLeader,
    term: () => (isLeader() || (ledLast && isCutOff) ? (term ?? 0) : null),
    areSettingsAgreed: () => clock.monotonic() - differedAt >= AGREED_AFTER_MS,
    replicas: () =>
      isShared ? seen : [{ ...replica, seenAt: clock.now(), report: NOTHING_REPORTED, isLeader: true }],
    others,
    id: replica.id,
    async start() {
      await beat(); // first of all: the store learns by which settings chats are decided from now on
      if (isShared) running = run();
      tellChange();
    },
    async stop() {
      stopping.abort();
      await running;
      if (!isShared) return;
      actsUntil = Number.NEGATIVE_INFINITY;
      await store.leave(replica.id).catch(() => {}); // then its lease runs out
    },
  };
}
