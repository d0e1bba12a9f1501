import { accountProbeAt, type Closure } from '../decide/holds.ts';
import { type EpochMs, SECOND } from '../decide/time.ts';
import type { TurnDeps } from './turns.ts';

/** Real time between two looks at the cards whose `Date` is to tell whether our clock can be believed again. */
const CLOCK_PROBE_MS = 5 * SECOND;

/**
 * A rejected key, an unreachable API with nothing due, and a doubted clock are probed with a look at the cards.
 * The returned function starts the probe that is due and says when the next one is; null: none.
 */
export function createProbes({ book, guard, clock, cardChecks, signal }: TurnDeps) {
  let clockProbedAt = Number.NEGATIVE_INFINITY;

  const look = (now: EpochMs): void => {
    if (!cardChecks.isRunning()) cardChecks.start(null, now, signal);
  };

  function probeClock(now: EpochMs): EpochMs {
    const waitMs = clockProbedAt + CLOCK_PROBE_MS - clock.monotonic();
    if (waitMs > 0) return now + clock.toDomain(waitMs);
    clockProbedAt = clock.monotonic();
    look(now);
    return now + clock.toDomain(CLOCK_PROBE_MS);
  }

  function probeAccount(now: EpochMs): EpochMs | null {
    const at = accountProbeAt(book.all(), now);
    if (at !== now) return at;
    look(now);
    return null; // the end of the look takes the next turn
  }

  return (isCalling: boolean, now: EpochMs): EpochMs | null => {
    const account = book.account(now);
    if (guard.isDistrusted() && mayLook(account)) return probeClock(now);
    const isKeyProbe = account?.reason === 'api_key_rejected';
    const isApiProbe = account?.reason === 'api_unavailable' && !isCalling;
    return isKeyProbe || isApiProbe ? probeAccount(now) : null;
  };
}

/** A feature that is disabled is that of sharing; what else closes the account closes it to looks, too. */
function mayLook(account: Closure | null): boolean {
  return account === null || account.reason === 'feature_disabled';
}
