import type { EpochMs } from '../decide/duration.ts';
import { flaggedSince, isProbeOf } from '../decide/gate.ts';
import type { Verdict } from '../decide/outcome.ts';
import type { HoldBook, ProbedReason } from './hold-book.ts';
import { createStreaks } from './streaks.ts';

/** What a call to Linq was about, and when. */
export interface Call {
  /** What is counted as different when failures come in a row: a chat, or one look at a card. */
  readonly subject: string;
  readonly chatId: string | null;
  readonly line: string | null;
  readonly startedAt: EpochMs;
  readonly endedAt: EpochMs;
}

/** Holds whose probe is a look at the cards, and those whose probe is one chat. */
const LOOKED_FOR: readonly string[] = ['api_key_rejected'];
const TRIED: readonly string[] = ['feature_disabled', 'line_not_ours', 'api_unavailable'];

export type Gates = ReturnType<typeof createGates>;

/** Turns the verdicts of calls into holds of the account and its lines, and ends them again. */
export function createGates(book: HoldBook) {
  const streaks = createStreaks();
  /** What opened the breaker, and so what may close it: only a call of the kind that failed. A restart forgets it. */
  let openedBy: 'looks' | 'shares' | 'refusals' = 'looks';

  /** Any answer of Linq itself shows that the API is there, unless refusals were what opened the breaker. */
  function closeBreakerAfterAnswer(call: Call): void {
    const breaker = book.find(null, 'api_unavailable');
    if (breaker !== null && openedBy !== 'refusals' && isProbeOf(breaker, call.startedAt)) {
      book.end(null, 'api_unavailable');
    }
  }

  /** A 2xx ends the holds that this call was the probe of; calls that were under way before end nothing. */
  function succeed(call: Call): void {
    streaks.shared();
    for (const hold of book.all()) {
      const isConcerned = hold.scope === null || hold.scope === call.line;
      if (isConcerned && isProbeOf(hold, call.startedAt)) book.end(hold.scope, hold.reason);
    }
    const line = call.line === null ? null : book.line(call.line);
    const flaggedAt = line === null ? null : flaggedSince(line);
    if (line !== null && flaggedAt !== null && call.startedAt > flaggedAt)
      book.clearLine(line.line, call.startedAt);
  }

  function fail(call: Call): void {
    const isStreak = streaks.failed(call.subject);
    const isOpen = book.find(null, 'api_unavailable') !== null;
    if (!isOpen && isStreak) openedBy = call.chatId === null ? 'looks' : 'shares';
    if (isOpen || isStreak) book.close(null, 'api_unavailable', call);
  }

  function retire(call: Call): void {
    if (call.chatId === null) return;
    const breaker = book.find(null, 'api_unavailable');
    if (breaker !== null && openedBy === 'refusals') {
      if (isProbeOf(breaker, call.startedAt)) book.close(null, 'api_unavailable', call);
      book.unretire([call.chatId]);
      return;
    }
    closeBreakerAfterAnswer(call);
    const undone = streaks.retired(call.chatId);
    if (undone.length === 0) return;
    openedBy = 'refusals';
    book.unretire(undone);
    book.close(null, 'api_unavailable', call);
  }

  /** A probe that brought no success: the hold waits on. Pauses end by time and aren't probed. */
  function prolongProbed(call: Call): void {
    const probed = call.chatId === null ? LOOKED_FOR : TRIED;
    for (const hold of book.all()) {
      const isConcerned = hold.scope === null || hold.scope === call.line;
      if (isConcerned && probed.includes(hold.reason) && isProbeOf(hold, call.startedAt)) {
        book.close(hold.scope, hold.reason as ProbedReason, call);
      }
    }
    const closure = call.line === null ? null : book.closureOf(call.line, call.startedAt);
    const isProbe = closure !== null && closure.until !== null && call.startedAt >= closure.until;
    if (call.chatId !== null && isProbe && closure.reason === 'line_flagged') {
      book.close(call.line, 'line_flagged', call);
    }
  }

  return {
    /** Takes in what a call's verdict says of the account and the line. */
    heard(verdict: Verdict, call: Call): void {
      if (verdict.kind !== 'transient' && verdict.kind !== 'rate_limited') {
        streaks.answered();
        if (verdict.kind !== 'retired' && (call.chatId !== null || openedBy === 'looks')) {
          closeBreakerAfterAnswer(call);
        }
      }
      if (verdict.kind === 'shared') succeed(call);
      else if (verdict.kind === 'transient') fail(call);
      else if (verdict.kind === 'retired') retire(call);
      else if (verdict.kind === 'rate_limited') book.close(null, 'rate_limited', call, verdict.retryAfterMs);
      else if (verdict.kind === 'api_key_rejected' || verdict.kind === 'feature_disabled') {
        book.close(null, verdict.kind, call);
      } else if (call.line !== null && (verdict.kind === 'line_not_ours' || verdict.kind === 'line_paused')) {
        book.close(call.line, verdict.kind, call);
      }
      prolongProbed(call);
    },
    /** A look at contact cards or at a chat was answered: key and API are there. */
    reached(call: Call): void {
      streaks.answered();
      if (openedBy === 'looks') closeBreakerAfterAnswer(call);
      const breaker = book.find(null, 'api_unavailable');
      const isProbe = breaker !== null && isProbeOf(breaker, call.startedAt);
      // the look at a chat, or at its line's card, only prepares the share that is the probe
      if (isProbe && call.line === null && call.chatId === null) book.close(null, 'api_unavailable', call);
      const rejected = book.find(null, 'api_key_rejected');
      if (rejected !== null && isProbeOf(rejected, call.startedAt)) book.end(null, 'api_key_rejected');
    },
    /** Ends whatever holds a line, also what Linq's events said up to now. */
    releaseLine(line: string, now: EpochMs): void {
      for (const reason of ['line_not_ours', 'line_flagged', 'line_paused'] as const) book.end(line, reason);
      const { statusAt = null, reputationAt = null } = book.line(line) ?? {};
      book.clearLine(line, Math.max(now, statusAt ?? 0, reputationAt ?? 0)); // Linq's clock may be ahead of ours
    },
  };
}
