import type { CardState } from '../decide/holds.ts';
import { backoffMs } from '../decide/pacing.ts';
import { type EpochMs, MINUTE } from '../decide/time.ts';

/** A missing or inactive card is looked at again after at most this, so that one set up now is used soon. */
const RECHECK_MS = 2 * MINUTE;

export type Cards = ReturnType<typeof createCards>;

interface Cached {
  readonly state: CardState;
  /** When the card is to be looked at (again). */
  readonly checkAt: EpochMs;
  readonly failures: number;
  readonly isChecking: boolean;
  /** A look is wanted whether or not a chat asks for it. */
  readonly isWanted: boolean;
  /** The look under way began before it was wanted, so it may not show the change. */
  readonly isOutdated: boolean;
}

const UNKNOWN: Cached = {
  state: 'unknown',
  checkAt: 0,
  failures: 0,
  isChecking: false,
  isWanted: false,
  isOutdated: false,
};

/** What we know of each line's contact card, and when to look at it again. A restart forgets it, so it looks again. */
export function createCards({ ttlMs, random }: { ttlMs: number; random: () => number }) {
  const cached = new Map<string, Cached>();
  const of = (line: string): Cached => cached.get(line) ?? UNKNOWN;

  return {
    isFresh: (line: string, now: EpochMs): boolean => of(line).state !== 'unknown' && now < of(line).checkAt,
    isCheckDue: (line: string, now: EpochMs): boolean => !of(line).isChecking && now >= of(line).checkAt,
    /** When the line's card is looked at next; null: a look is under way. */
    checkAt: (line: string): EpochMs | null => (of(line).isChecking ? null : of(line).checkAt),
    isWanted: (line: string): boolean => of(line).isWanted,
    /** The last look at it failed. */
    hasFailed: (line: string): boolean => of(line).failures > 0,
    checking: (line: string): void =>
      void cached.set(line, { ...of(line), isChecking: true, isOutdated: false }),
    checked(line: string, state: CardState, now: EpochMs): void {
      const freshMs = state === 'active' ? ttlMs : Math.min(ttlMs, RECHECK_MS);
      const { isOutdated } = of(line);
      cached.set(line, {
        ...UNKNOWN,
        state,
        checkAt: isOutdated ? now : now + freshMs,
        isWanted: isOutdated,
      });
    },
    failed(line: string, now: EpochMs, retryAfterMs: number | null): void {
      const failures = of(line).failures + 1;
      const checkAt = now + backoffMs(failures, retryAfterMs, random());
      cached.set(line, { ...of(line), checkAt, failures, isChecking: false });
    },
    /** A share was refused for lack of a card, whatever the last look said. A look that is wanted or under way stays so. */
    missing(line: string, now: EpochMs): void {
      const known = of(line);
      const checkAt = known.isWanted ? known.checkAt : now + RECHECK_MS;
      cached.set(line, { ...known, state: 'missing', checkAt, failures: 0 });
    },
    /** An operator wants the card looked at now, or Linq says that it changed. */
    forget(line: string): void {
      const { isChecking } = of(line);
      cached.set(line, { ...UNKNOWN, isChecking, isWanted: true, isOutdated: isChecking });
    },
    /** Our time has moved, and with it when to look again. */
    forgetAll: (): void => cached.clear(),
  };
}
