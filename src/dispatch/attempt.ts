import type { Clock } from '../clock.ts';
import { wasUndone } from '../decide/chat.ts';
import { isAboutLine, isProbeOf } from '../decide/holds.ts';
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
 * Makes one claimed attempt: looks up unknown facts, then shares. Reports the result through `ended`,
 * together with what it means for the account, so that one commit writes both.
 * @param isInTime checked right before the share call; false: no call is made, see `createInFlight`
 * @throws {StoreError} when looked-up facts can't be stored; the claim's lease then expires
 */
export async function runAttempt(
  deps: AttemptDeps,
  claim: Claim,
  isInTime: () => boolean,
  signal: AbortSignal,
): Promise<void> {
  const { policy, linq } = deps;
  const settle = (result: AttemptResult) => deps.ended({ claim, endedAt: deps.clock.latest(), result });
  if (needsLookup(claim.chat, policy)) {
    const read = await linq.chat(claim.chat.chatId, signal);
    if (read.kind === 'failed') return settle(hear(deps, claim, read.answer, signal));
    deps.keeper.reached(callOf(deps, claim));
    const added = await deps.store.addLookedUp(claim, read, deps.clock.now());
    // A chat whose line was unknown returns to its line's queue, subject to that line's pace, card and holds.
    const isQueuedAnew = added === null || !added.isDue || claim.chat.line === null;
    if (isQueuedAnew || isClosedSince(deps, claim)) return settle({ kind: 'withdrawn' });
  }
  if (policy.dryRun) return settle({ kind: 'dry_run' });
  if (!isInTime()) return settle({ kind: 'withdrawn' });
  const answer = await linq.shareContactCard(claim.chat.chatId, signal);
  return settle(hear(deps, claim, answer, signal));
}

/**
 * A pause by the operator, or the result of another call, stops a call that hasn't been made yet, unless it
 * is a probe.
 */
function isClosedSince({ book, clock }: AttemptDeps, { chat, startedAt }: Claim): boolean {
  const now = clock.now();
  const holds = [book.accountHold(now), chat.line === null ? null : book.lineHold(chat.line, now)];
  return holds.some((hold) => hold !== null && !isProbeOf(hold, startedAt));
}

function hear(deps: AttemptDeps, claim: Claim, answer: LinqAnswer, signal: AbortSignal): AttemptResult {
  const verdict: Verdict = classifyAnswer(answer);
  const call = callOf(deps, claim);
  // a call that we aborted says nothing about Linq
  if (answer.kind === 'answered' || !signal.aborted) deps.keeper.heard(verdict, call);
  if (verdict.kind === 'card_missing' && call.line !== null) deps.cardChecks.refused(call.line, call.endedAt);
  const said = answer.kind === 'answered' ? answer : { httpStatus: null, linqCode: null, traceId: null };
  const { httpStatus, linqCode, traceId } = said;
  const settled = isAboutLine(verdict) && call.line === null ? REJECTED : verdict;
  return { kind: 'verdict', verdict: settled, httpStatus, linqCode, traceId, random: deps.random() };
}

/** For a chat whose line isn't known. No hold of a line can stand for it, so it waits by itself. */
const REJECTED: Verdict = { kind: 'rejected' };

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

/** Real time; longer than an attempt can last: a look-up and a share call, each with a deadline of 15 s. */
export const LEASE_MS = MINUTE;
/** Instants of leases are whole milliseconds. */
const MARGIN_MS = SECOND;
/** Longer than a share call can last (15 s). */
const CALL_MS = 20 * SECOND;

interface Flight {
  readonly claim: Claim;
  /** When its lease began, on the monotonic clock. */
  readonly since: number;
}

/** The attempts in progress in this process. */
export function createInFlight(clock: Pick<Clock, 'monotonic'>) {
  const flights = new Map<string, Flight>();
  let turnAt = clock.monotonic();
  return {
    /** The leases of this turn's claims start now, however late their calls begin. */
    beginTurn: (): void => {
      turnAt = clock.monotonic();
    },
    add: (claim: Claim): void => void flights.set(claim.attemptId, { claim, since: turnAt }),
    remove: ({ attemptId }: Claim): void => void flights.delete(attemptId),
    size: (): number => flights.size,
    /** Attempts of chats that hadn't failed before. */
    untried: (): number => [...flights.values()].filter(({ claim }) => claim.chat.failures === 0).length,
    sizeOf: (line: string): number =>
      [...flights.values()].filter(({ claim }) => claim.chat.line === line).length,
    /**
     * True if a call that begins now ends before its lease does. A process that was suspended after claiming
     * a chat may wake after the lease has run out, when another process has called or is about to.
     */
    isInTime({ attemptId }: Claim): boolean {
      const flight = flights.get(attemptId);
      return flight !== undefined && clock.monotonic() - flight.since < LEASE_MS - CALL_MS;
    },
    /**
     * True if a call outlasts its lease, as after the process was suspended. If such a chat were claimed
     * again, two calls would run at once; the calls' own deadlines end this within seconds.
     */
    outlastsLease: (): boolean =>
      [...flights.values()].some(({ since }) => turnAt - since >= LEASE_MS - MARGIN_MS),
  };
}
