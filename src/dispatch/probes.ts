import { type EpochMs, SECOND } from '../decide/duration.ts';
import { isAccountProbeDue } from '../decide/gate.ts';
import type { TurnDeps } from './turns.ts';

/** Real time between two looks at the cards whose `Date` is to tell whether our clock can be believed again. */
const CLOCK_PROBE_MS = 5 * SECOND;

/**
 * A rejected key, an unreachable API with nothing due, and a doubted clock are probed with a look at the cards.
 * The returned function starts the probe that is due and says when the next one is; null: none.
 */
export function createProbes({ book, guard, clock, cardChecks, signal }: TurnDeps) {
  let clockProbeAt = Number.NEGATIVE_INFINITY;

  return (isCalling: boolean, now: EpochMs): EpochMs | null => {
    const account = book.account(now);
    const isKeyProbe = account?.reason === 'api_key_rejected';
    const isApiProbe = account?.reason === 'api_unavailable' && !isCalling;
    const isClockProbe = account === null && guard.isDistrusted();
    if (!isKeyProbe && !isApiProbe && !isClockProbe) return null;
    const at = account === null ? clockProbeAt : (account.until ?? now);
    if (at > now) return at;
    if (!isAccountProbeDue(book.all(), now)) return now + clock.toDomain(SECOND);
    if (account === null) clockProbeAt = now + clock.toDomain(CLOCK_PROBE_MS);
    if (!cardChecks.isRunning()) cardChecks.start(null, now, signal);
    return account === null ? clockProbeAt : null; // the end of the look takes the next turn
  };
}
