import type { Clock } from '../clock.ts';
import { SECOND } from '../decide/time.ts';
import type { Log } from '../log.ts';
import type { Replica, SeenReplica, Store } from '../store/store.ts';

/** Which replica this is among those that share the store. With SQLite it is the only one. */
export interface Leadership {
  /** True while this replica does what must be done once. */
  isLeader(): boolean;
  /** All replicas that live decide by the same settings, so that re-evaluating chats ends. */
  areSettingsAgreed(): boolean;
  /** The replicas seen lately, this one included, as of the last heartbeat. */
  replicas(): readonly SeenReplica[];
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

export interface LeadershipOptions {
  readonly store: Pick<Store, 'kind' | 'beat' | 'leave'>;
  readonly clock: Clock;
  readonly replica: Replica;
  readonly log: Log;
  /** This replica leads from now on, or no longer. */
  readonly onChange: () => void;
}

/** Says every 10 s that this replica lives, and learns who leads. */
export function createLeadership(options: LeadershipOptions): Leadership {
  const { store, clock, replica, log, onChange } = options;
  const stopping = new AbortController();
  const isShared = store.kind !== 'sqlite';
  let seen: readonly SeenReplica[] = [];
  let actsUntil = Number.NEGATIVE_INFINITY;
  let differedAt = Number.NEGATIVE_INFINITY;
  let wasLeader = false;
  let running: Promise<void> = Promise.resolve();

  const isLeader = () => (isShared ? clock.monotonic() < actsUntil : true);

  function tellChange(): void {
    if (isLeader() === wasLeader) return;
    wasLeader = isLeader();
    if (isShared) log.info({ replica: replica.id }, wasLeader ? 'leader.began' : 'leader.ended');
    onChange();
  }

  async function beat(): Promise<void> {
    const sentAt = clock.monotonic();
    seen = await store.beat(replica, clock.now());
    const self = seen.find(({ id }) => id === replica.id);
    actsUntil = self?.isLeader === true ? sentAt + ACTS_MS : Number.NEGATIVE_INFINITY;
    if (seen.some(({ fingerprint }) => fingerprint !== replica.fingerprint)) differedAt = sentAt;
  }

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      await clock.sleepUntil(Number.POSITIVE_INFINITY, BEAT_MS, stopping.signal);
      if (stopping.signal.aborted) return;
      await beat().catch(() => {}); // a store that fails is reported by who needs it
      tellChange();
    }
  }

  return {
    isLeader,
    areSettingsAgreed: () => clock.monotonic() - differedAt >= AGREED_AFTER_MS,
    replicas: () => (isShared ? seen : [{ ...replica, seenAt: clock.now(), isLeader: true }]),
    async start() {
      if (isShared) {
        await beat();
        running = run();
      }
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
