import { type EpochMs, MINUTE, SECOND } from '../../decide/time.ts';

/** A line (null: chats whose line nobody told) that nothing closes and whose first chat is due. */
export interface Queue {
  readonly line: string | null;
  readonly headAt: EpochMs;
  /** How many of its chats are due. */
  readonly due: number;
}

/** What was due at `upTo` has to be taken by the deadline. */
interface Mark {
  readonly upTo: EpochMs;
  /** On the clock that never steps. */
  readonly deadline: number;
}

/** Real time beyond what the pace explains. */
const LATE_MS = 10 * MINUTE;
/** The pace keeps a small distance to the rate, and so do we. */
const SLACK = 1.1;

/** `unknown`: what this process found due at its first look may still be taken in time. */
export type OverdueState = 'fine' | 'overdue' | 'unknown';

/**
 * Tells whether chats wait longer than pacing explains: all that is due at one moment must have been taken once
 * the pace's time for so many has passed, and ten minutes. A queue is taken oldest first, so its head tells.
 * Thus a long queue that drains steadily isn't late, however old its chats are, and a single chat that nobody takes is.
 * @param ratePerLine starts a second of domain time; 0: no limit
 * @param toDomain real milliseconds → those of domain time
 */
export function createOverdueWatch(ratePerLine: number, toDomain: (realMs: number) => number) {
  const paceMs = ratePerLine === 0 ? 0 : (SLACK * SECOND) / ratePerLine / toDomain(1);
  let marks = new Map<string | null, Mark>();
  let firstUpTo: EpochMs | null = null;

  /** @param monotonic real time that never steps */
  return (queues: readonly Queue[], now: EpochMs, monotonic: number): OverdueState => {
    firstUpTo ??= now;
    marks = new Map(
      queues.map(({ line, headAt, due }) => {
        const mark = marks.get(line);
        const isStanding = mark !== undefined && headAt <= mark.upTo && mark.upTo <= now;
        const fresh = { upTo: now, deadline: monotonic + due * paceMs + LATE_MS };
        return [line, isStanding ? mark : fresh];
      }),
    );
    const all = [...marks.values()];
    if (all.some(({ deadline }) => monotonic >= deadline)) return 'overdue';
    return all.some(({ upTo }) => upTo === firstUpTo) ? 'unknown' : 'fine';
  };
}
