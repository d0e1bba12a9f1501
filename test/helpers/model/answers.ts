import type { LinqAnswer } from '../../../src/decide/outcome.ts';
import { DAY, HOUR, MINUTE, SECOND } from '../../../src/decide/time.ts';
import { answerOf, silenceOf } from '../builders.ts';
import type { Past } from './table.ts';

/** What an answer means, by Linq's documentation: for the chat, its line or the account. */
export type Meaning =
  | 'shared'
  | 'failing'
  | 'lost'
  | 'limited'
  | 'key'
  | 'feature'
  | 'card'
  | 'line_paused'
  | 'line_not_ours'
  | 'chat_gone'
  | 'chat_left'
  | 'unsupported'
  | 'opted_out'
  | 'blocked'
  | 'rejected';

export interface ModelAnswer {
  readonly answer: LinqAnswer;
  readonly means: Meaning;
  /** What Linq asks us to wait. */
  readonly retryAfterMs: number;
  /** Until Linq answers; 0: at once. */
  readonly afterMs: number;
}

const at = (means: Meaning, answer: LinqAnswer, afterMs = 0): ModelAnswer => ({
  answer,
  means,
  retryAfterMs: answer.kind === 'answered' ? (answer.retryAfterMs ?? 0) : 0,
  afterMs,
});

/** Everything that Linq may say to a share. */
export const ANSWERS = {
  shared: at('shared', answerOf()),
  accepted: at('shared', answerOf(202)),
  slow: at('shared', answerOf(), 9 * SECOND),
  failing: at('failing', answerOf(500, 3006)),
  later: at('failing', answerOf(502, null, { retryAfterMs: 40 * MINUTE, isJson: false, hasEnvelope: false })),
  gateway: at('failing', answerOf(404, null, { isJson: false, hasEnvelope: false })),
  creating: at('failing', answerOf(409, 2009)),
  refused: at('failing', silenceOf(false)),
  silent: at('lost', silenceOf(), 15 * SECOND),
  reset: at('lost', silenceOf()),
  limited: at('limited', answerOf(429, 1007, { retryAfterMs: 10 * MINUTE })),
  limitedLong: at('limited', answerOf(429, 1007, { retryAfterMs: DAY })),
  limitedVaguely: at('limited', answerOf(429, 1007)),
  overloaded: at('limited', answerOf(503, 3006, { retryAfterMs: 90 * SECOND })),
  keyless: at('key', answerOf(401, 2004)),
  disabled: at('feature', answerOf(403, 2011)),
  cardless: at('card', answerOf(404, 2012)),
  ineligible: at('line_paused', answerOf(403, 2027)),
  unavailable: at('line_paused', answerOf(500, 4002)),
  foreignLine: at('line_not_ours', answerOf(403, 2006)),
  gone: at('chat_gone', answerOf(404, 2001)),
  denied: at('chat_gone', answerOf(403, 2005)),
  left: at('chat_left', answerOf(409, 2013)),
  unsupported: at('unsupported', answerOf(409, 2017)),
  optedOut: at('opted_out', answerOf(403, 2024)),
  notAllowed: at('opted_out', answerOf(403, 2008)),
  blocked: at('blocked', answerOf(403, 2026)),
  rejected: at('rejected', answerOf(400, 1005)),
} as const satisfies Record<string, ModelAnswer>;

export type AnswerName = keyof typeof ANSWERS;

/** A call that we ourselves cut off while stopping: it may have arrived. */
export const CUT: ModelAnswer = at('lost', { kind: 'unanswered', mayHaveArrived: true, cause: 'aborted' });

/** Longest time for which an answer can keep the account or a line closed once Linq is well again. */
export function closesForMs({ means, retryAfterMs }: ModelAnswer): number {
  const long: Partial<Record<Meaning, number>> = {
    feature: HOUR,
    line_paused: 6 * HOUR,
    line_not_ours: 6 * HOUR,
  };
  const none: readonly Meaning[] = ['shared', 'opted_out', 'blocked', 'rejected'];
  return none.includes(means) ? 0 : Math.max(long[means] ?? 24 * MINUTE, retryAfterMs);
}

/** The wait after the n-th transient failure in a row: 1 s doubling to 15 min, and up to half of it on top. */
export function backoffBounds(failures: number, retryAfterMs: number): { least: number; most: number } {
  const base = Math.min(15 * MINUTE, 2 ** (failures - 1) * SECOND);
  const least = Math.max(base, retryAfterMs);
  return { least, most: least + base / 2 };
}

interface Times {
  readonly startedAt: number;
  readonly endedAt: number;
  readonly windowMs: number;
}

/** What an answer makes of a chat's past. A backoff is put down as its shortest: its jitter is known afterwards. */
export function afterAnswer(past: Past, { means, retryAfterMs }: ModelAnswer, times: Times): Past {
  const { startedAt, endedAt, windowMs } = times;
  const answered: Past = { ...past, interruptions: 0 };
  const settled: Past = { ...answered, failures: 0 };
  switch (means) {
    case 'shared': {
      const shares = past.shares + 1;
      const nothingElse = { retry: null, refusal: null, pretendedAt: null, uncertainAt: null };
      return { ...settled, ...nothingElse, sharedAt: endedAt, shareStartedAt: startedAt, shares };
    }
    case 'failing':
    case 'lost': {
      const failures = past.failures + 1;
      const until = endedAt + backoffBounds(failures, retryAfterMs).least;
      const uncertainAt = means === 'lost' ? (past.uncertainAt ?? startedAt) : past.uncertainAt;
      return { ...answered, failures, uncertainAt, retry: { until, reason: 'backoff' } };
    }
    case 'chat_gone':
    case 'chat_left':
    case 'unsupported':
      return { ...settled, refusal: { at: startedAt, reason: means } };
    case 'opted_out':
      return { ...settled, optOutRefusedAt: startedAt };
    case 'blocked':
      return { ...settled, isBlocked: true };
    case 'rejected':
      return { ...settled, retry: { until: endedAt + windowMs, reason: 'rejected' } };
    default:
      return answered; // says nothing of the chat
  }
}

/** An attempt that a crash left open. */
export interface CutAttempt {
  readonly attemptId: string;
  readonly startedAt: number;
  /** Its call may have been made, as the row has it. */
  readonly mayHaveCalled: boolean;
}

/** What a crash amid an attempt makes of a chat's past: repeated at once, parked at the third in a row. */
export function afterInterruption(past: Past, { startedAt, mayHaveCalled }: CutAttempt): Past {
  const interruptions = past.interruptions + 1;
  return {
    ...past,
    interruptions,
    isParked: past.isParked || interruptions >= 3,
    uncertainAt: mayHaveCalled ? (past.uncertainAt ?? startedAt) : past.uncertainAt,
    retry: null,
  };
}

/** As an attempt begins: one before it that nobody knows the outcome of counts if its window is over. */
export function asItBegins(past: Past, windowMs: number, now: number): Past {
  const counts = past.uncertainAt !== null && now >= past.uncertainAt + windowMs;
  return counts ? { ...past, uncertainAt: null, shares: past.shares + 1 } : past;
}
