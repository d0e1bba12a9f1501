import { backoffMs } from '../decide/backoff.ts';
import { type EpochMs, MINUTE } from '../decide/duration.ts';
import type { CardState } from '../decide/hold.ts';

/** A missing or inactive card is looked at again after at most this, so that one set up now is used soon. */
const RECHECK_MS = 2 * MINUTE;

export type Cards = ReturnType<typeof createCards>;

interface Cached {
  readonly state: CardState;
  /** When the card is to be looked at (again). */
  readonly checkAt: EpochMs;
  readonly failures: number;
  readonly isChecking: boolean;
}

/** What we know of each line's contact card, and when to look at it again. A restart forgets it, so it looks again. */
export function createCards({ ttlMs, random }: { ttlMs: number; random: () => number }) {
  const cached = new Map<string, Cached>();
  const of = (line: string): Cached =>
    cached.get(line) ?? { state: 'unknown', checkAt: 0, failures: 0, isChecking: false };

  return {
    isFresh: (line: string, now: EpochMs): boolean => of(line).state !== 'unknown' && now < of(line).checkAt,
    isCheckDue: (line: string, now: EpochMs): boolean => !of(line).isChecking && now >= of(line).checkAt,
    /** When the line's card is looked at next; null: a look is under way. */
    checkAt: (line: string): EpochMs | null => (of(line).isChecking ? null : of(line).checkAt),
    checking: (line: string): void => void cached.set(line, { ...of(line), isChecking: true }),
    checked(line: string, state: CardState, now: EpochMs): void {
      const freshMs = state === 'active' ? ttlMs : Math.min(ttlMs, RECHECK_MS);
      cached.set(line, { state, checkAt: now + freshMs, failures: 0, isChecking: false });
    },
    failed(line: string, now: EpochMs, retryAfterMs: number | null): void {
      const failures = of(line).failures + 1;
      const checkAt = now + backoffMs(failures, retryAfterMs, random());
      cached.set(line, { state: of(line).state, checkAt, failures, isChecking: false });
    },
    /** A share was refused for lack of a card, whatever the last look said. */
    missing(line: string, now: EpochMs): void {
      cached.set(line, { state: 'missing', checkAt: now + RECHECK_MS, failures: 0, isChecking: false });
    },
    /** An operator wants the card looked at now. */
    forget: (line: string): void => void cached.delete(line),
    /** Our time has moved, and with it when to look again. */
    forgetAll: (): void => cached.clear(),
  };
}
