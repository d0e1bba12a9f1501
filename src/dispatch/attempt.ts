import type { Clock } from '../clock.ts';
import { wasUndone } from '../decide/chat.ts';
import { isProbeOf } from '../decide/holds.ts';
import { classifyAnswer, type LinqAnswer, type Verdict } from '../decide/outcome.ts';
import type { Policy } from '../decide/policy.ts';
import { needsLookup } from '../decide/share.ts';
import { MINUTE, SECOND } from '../decide/time.ts';
import type { Store } from '../store/store.ts';
import type { AttemptResult, Claim, Settlement } from '../store/turn.ts';
import type { CardChecks } from './card-checks.ts';
import type { HoldBook } from './hold-book.ts';
import type { Call, HoldKeeper } from './hold-keeper.ts';
import type { LinqCalls } from './ports.ts';

interface AttemptDeps {
  readonly linq: LinqCalls;
  readonly store: Pick<Store, 'addLookedUp'>;
  readonly keeper: Pick<HoldKeeper, 'heard' | 'reached'>;
  readonly book: Pick<HoldBook, 'accountHold' | 'lineHold'>;
  readonly cardChecks: Pick<CardChecks, 'refused'>;
  readonly ended: (settlement: Settlement) => void;
  readonly clock: Clock;
  readonly policy: Policy;
  /** In [0, 1). */
  readonly random: () => number;
}

/**
 * Makes one claimed attempt: asks for unknown facts, then shares. What is to be settled is told by `ended`, together
 * with what it says of the account: both are written in one commit.
 * @param isInTime asked right before the share call; false: it isn't made, see `createInFlight`
 * @throws {StoreError} when what was looked up can't be stored; the claim's lease ends by itself then
 */
export async function runAttempt(
  deps: AttemptDeps,
  claim: Claim,
  isInTime: () => boolean,
  signal: AbortSignal,
): Promise<void> {
  const { policy, linq } = deps;
  const settle = (result: AttemptResult) => deps.ended({ claim, endedAt: roundUp(deps.clock), result });
  if (needsLookup(claim.chat, policy)) {
    const read = await linq.chat(claim.chat.chatId, signal);
    if (read.kind === 'failed') return settle(hear(deps, claim, read.answer, signal));
    deps.keeper.reached(callOf(deps, claim));
    const told = await deps.store.addLookedUp(claim, read, deps.clock.now());
    // A chat whose line was unknown goes back to the queue of its line, behind that line's pace, card and holds.
    const isQueuedAnew = told === null || !told.isDue || claim.chat.line === null;
    if (isQueuedAnew || isClosedSince(deps, claim)) return settle({ kind: 'withdrawn' });
  }
  if (policy.dryRun) return settle({ kind: 'dry_run' });
  if (!isInTime()) return settle({ kind: 'withdrawn' });
  const answer = await linq.shareContactCard(claim.chat.chatId, signal);
  return settle(hear(deps, claim, answer, signal));
}

/** An operator's pause, or what another call found out, stops a call that hasn't been made yet, unless it is a probe. */
function isClosedSince({ book, clock }: AttemptDeps, { chat, startedAt }: Claim): boolean {
  const now = clock.now();
  const holds = [book.accountHold(now), chat.line === null ? null : book.lineHold(chat.line, now)];
  return holds.some((hold) => hold !== null && !isProbeOf(hold, startedAt));
}

function hear(deps: AttemptDeps, claim: Claim, answer: LinqAnswer, signal: AbortSignal): AttemptResult {
  const verdict: Verdict = classifyAnswer(answer);
  const call = callOf(deps, claim);
  if (answer.kind === 'answered' || !signal.aborted) deps.keeper.heard(verdict, call); // cut by us says nothing of Linq
  if (verdict.kind === 'card_missing' && call.line !== null) deps.cardChecks.refused(call.line, call.endedAt);
  const told = answer.kind === 'answered' ? answer : { httpStatus: null, linqCode: null, traceId: null };
  const { httpStatus, linqCode, traceId } = told;
  return { kind: 'verdict', verdict, httpStatus, linqCode, traceId, random: deps.random() };
}

function callOf({ clock }: AttemptDeps, { chat, startedAt }: Claim): Call {
  const { chatId, line, failures } = chat;
  return {
    chatId,
    line,
    isFirst: failures === 0,
    wasUndone: wasUndone(chat),
    startedAt,
    endedAt: clock.now(),
  };
}

/** Instants are whole milliseconds cut off: an end rounded up never shortens the window that runs from it. */
function roundUp(clock: Clock): number {
  return clock.now() + 1;
}

/** Real time; longer than an attempt can last: a look-up and a share call with deadlines of 15 s each. */
export const LEASE_MS = MINUTE;
/** Instants of leases are whole milliseconds. */
const MARGIN_MS = SECOND;
/** Longer than a share call can last (15 s in all). */
const CALL_MS = 20 * SECOND;

interface Flight {
  readonly claim: Claim;
  /** When its lease was laid, on the monotonic clock. */
  readonly since: number;
}

/** The attempts that this process makes now. */
export function createInFlight(clock: Pick<Clock, 'monotonic'>) {
  const flights = new Map<string, Flight>();
  let turnAt = clock.monotonic();
  return {
    /** The leases of this turn's claims run from now on, however late their calls begin. */
    beginTurn: (): void => {
      turnAt = clock.monotonic();
    },
    add: (claim: Claim): void => void flights.set(claim.attemptId, { claim, since: turnAt }),
    remove: ({ attemptId }: Claim): void => void flights.delete(attemptId),
    size: (): number => flights.size,
    /** Of chats that hadn't failed before. */
    untried: (): number => [...flights.values()].filter(({ claim }) => claim.chat.failures === 0).length,
    sizeOf: (line: string): number =>
      [...flights.values()].filter(({ claim }) => claim.chat.line === line).length,
    /**
     * A call that begins now ends before its lease. A process that stood still after it had claimed a chat may wake when
     * the lease has run out, and somebody else has called or is about to.
     */
    isInTime({ attemptId }: Claim): boolean {
      const flight = flights.get(attemptId);
      return flight !== undefined && clock.monotonic() - flight.since < LEASE_MS - CALL_MS;
    },
    /**
     * A process that stood still finds leases ended whose calls are still open. Claimed again, such a chat would be called
     * twice at a time; the calls' own deadlines end this within seconds.
     */
    outlastsLease: (): boolean =>
      [...flights.values()].some(({ since }) => turnAt - since >= LEASE_MS - MARGIN_MS),
  };
}
