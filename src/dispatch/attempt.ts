import type { Clock } from '../clock.ts';
import { wasUndone } from '../decide/attempt.ts';
import { classifyAnswer, type LinqAnswer, type Verdict } from '../decide/outcome.ts';
import type { Policy } from '../decide/policy.ts';
import { needsLookup } from '../decide/share.ts';
import type { Store } from '../store/store.ts';
import type { AttemptResult, Claim, Settlement } from '../store/turn.ts';
import type { CardChecks } from './card-checks.ts';
import type { Call, Gates } from './gates.ts';
import type { HoldBook } from './hold-book.ts';
import type { LinqCalls } from './ports.ts';

export interface AttemptDeps {
  readonly linq: LinqCalls;
  readonly store: Pick<Store, 'addLookedUp'>;
  readonly gates: Gates;
  readonly book: Pick<HoldBook, 'account' | 'closureOf'>;
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
 * @throws {StoreError} when what was looked up can't be stored; the claim's lease ends by itself then
 */
export async function runAttempt(deps: AttemptDeps, claim: Claim, signal: AbortSignal): Promise<void> {
  const { policy, linq } = deps;
  const settle = (result: AttemptResult) => deps.ended({ claim, endedAt: roundUp(deps.clock), result });
  if (needsLookup(claim.chat, policy)) {
    const read = await linq.chat(claim.chat.chatId, signal);
    if (read.kind === 'failed') return settle(hear(deps, claim, read.answer, signal));
    deps.gates.reached(callOf(deps, claim));
    const told = await deps.store.addLookedUp(claim, read, deps.clock.now());
    // A chat whose line was unknown goes back to the queue of its line, behind that line's pace, card and holds.
    const isQueuedAnew = told === null || !told.isDue || claim.chat.line === null;
    if (isQueuedAnew || isClosedSince(deps, claim)) return settle({ kind: 'withdrawn' });
  }
  if (policy.dryRun) return settle({ kind: 'dry_run' });
  const answer = await linq.shareContactCard(claim.chat.chatId, signal);
  return settle(hear(deps, claim, answer, signal));
}

/** An operator's pause, or what another call told, holds for a call that hasn't been made yet; a probe goes on. */
function isClosedSince({ book, clock }: AttemptDeps, { chat, startedAt }: Claim): boolean {
  const now = clock.now();
  const closures = [book.account(now), chat.line === null ? null : book.closureOf(chat.line, now)];
  return closures.some(
    (closure) => closure !== null && !(closure.until !== null && startedAt >= closure.until),
  );
}

function hear(deps: AttemptDeps, claim: Claim, answer: LinqAnswer, signal: AbortSignal): AttemptResult {
  const verdict: Verdict = classifyAnswer(answer);
  const call = callOf(deps, claim);
  if (answer.kind === 'answered' || !signal.aborted) deps.gates.heard(verdict, call); // cut by us says nothing of Linq
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
