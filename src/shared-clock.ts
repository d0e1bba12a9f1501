import { type Clock, MAX_DISAGREEMENT_MS } from './clock.ts';
import { type EpochMs, SECOND } from './decide/time.ts';

// Replicas that share a database have one clock, too: the database's. Each reads it about once a second and lets its own
// monotonic clock run on in between, so that a database that is down stops nobody's clock. What is kept is not a time but
// bounds: the database read its clock some time between our question and its answer.

interface Reading {
  /** What the database's clock read, in milliseconds, with fractions. */
  readonly at: number;
  /** How often the stored times had been corrected by then. */
  readonly corrections: number;
}

/** Reads the database's clock; null: it has none of its own. It may fail, and take long. */
export type ReadServerClock = () => Promise<Reading | null>;

export interface SharedClock extends Clock {
  /** Reads the database's clock no more. */
  stop(): void;
}

const SAMPLE_MS = SECOND;
/** So far two clocks may run apart, in ms for each ms, while both are being slewed at the most that is usual. */
const DRIFT = 0.0005;
/** Domain time that got ahead of a database's clock that was set back passes at this rate, until that has caught up. */
const SLOW_RATE = 0.5;

/** The database's clock minus the monotonic one. */
interface Bounds {
  readonly low: number;
  readonly high: number;
}

interface Sample {
  readonly bounds: Bounds;
  readonly corrections: number;
}

const middle = ({ low, high }: Bounds) => (low + high) / 2;
const errorOf = ({ low, high }: Bounds) => (high - low) / 2;

/**
 * A clock whose wall clock is the database's. Domain time follows it, though never back; if it is set by more than a
 * disagreement of clocks explains, domain time runs on as before until `reanchor`. `now` is the earliest that the
 * database's clock may read, so that nothing begins early, and `latest` the latest.
 * @param machine this machine's clock; also the result's, if the database has none
 * @throws what the first reading throws
 */
export async function startSharedClock(machine: Clock, read: ReadServerClock): Promise<SharedClock> {
  const first = await sample(machine, read);
  return first === null ? { ...machine, stop() {} } : follow(machine, read, first);
}

async function sample(machine: Clock, read: ReadServerClock): Promise<Sample | null> {
  const askedAt = machine.monotonic();
  const reading = await read();
  if (reading === null) return null;
  const { at, corrections } = reading;
  return { bounds: { low: at - machine.monotonic(), high: at - askedAt }, corrections };
}

function follow(machine: Clock, read: ReadServerClock, first: Sample): SharedClock {
  const monotonic = () => machine.monotonic();
  const stopping = new AbortController();
  let { bounds: known, corrections } = first;
  /** Since when, by the monotonic clock. */
  let knownAt = monotonic();
  /** How far domain time is ahead of the database's clock, which was set by so much; 0: it follows. */
  let aheadMs = 0;
  let aheadErrorMs = 0;
  /** What `now` reached when it was last read: it doesn't go back. */
  let reached = Number.NEGATIVE_INFINITY;
  let reachedAt = knownAt;

  /** The bounds as they are now, after both clocks have run on. */
  function bounds(): Bounds {
    const driftMs = (monotonic() - knownAt) * DRIFT;
    return { low: known.low - driftMs, high: known.high + driftMs };
  }

  function learn(found: Sample | null): void {
    if (found === null) return;
    const { bounds: heard } = found;
    corrections = found.corrections;
    const before = bounds();
    const both = { low: Math.max(before.low, heard.low), high: Math.min(before.high, heard.high) };
    const isSet = both.low > both.high;
    known = isSet ? heard : both;
    knownAt = monotonic();
    if (!isSet) return;
    aheadMs += middle(before) - middle(heard);
    aheadErrorMs += errorOf(before);
    if (Math.abs(stepMs()) <= MAX_DISAGREEMENT_MS) rejoin();
  }

  /** From now on domain time is the database's again. */
  function rejoin(): void {
    aheadMs = 0;
    aheadErrorMs = 0;
  }

  const stepMs = () => Math.round(0 - aheadMs);
  const earliest = () => monotonic() + bounds().low + aheadMs - aheadErrorMs;

  function now(): EpochMs {
    const at = monotonic();
    reached = Math.max(earliest(), reached + (at - reachedAt) * SLOW_RATE);
    reachedAt = at;
    return Math.floor(reached);
  }

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      await machine.sleepUntil(machine.now() + SAMPLE_MS, SAMPLE_MS, stopping.signal);
      if (stopping.signal.aborted) return;
      // a database that fails is reported by the part that needs it
      await sample(machine, read).then(learn, () => {});
    }
  }

  void run();
  return {
    now,
    latest: () => Math.max(now(), Math.floor(monotonic() + bounds().high + aheadMs + aheadErrorMs)) + 1,
    wallNow: () => Math.floor(monotonic() + middle(bounds())),
    systemNow: () => machine.systemNow(),
    monotonic,
    toDomain: (realMs) => realMs,
    stepMs,
    corrections: () => corrections,
    reanchor() {
      const before = now();
      rejoin();
      reached = earliest();
      return now() - before;
    },
    sleepUntil: (until, maxRealMs, signal) =>
      machine.sleepUntil(machine.now() + (until - now()), maxRealMs, signal),
    stop: () => stopping.abort(),
  };
}
