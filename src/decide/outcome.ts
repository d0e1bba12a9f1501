import type { VerdictHoldReason } from './holds.ts';
/**
 * The result of a call to Linq. Never carries text of the answer, an address or a secret.
 *
 * `answered`: the status line and headers arrived. `hasEnvelope`: an error in Linq's own format, so it came
 * from Linq itself rather than from a gateway, a firewall or another server. It and `isJson` are false when
 * the body arrived incomplete. `linqCode` and `traceId` are read from any format of Linq's errors.
 *
 * `unanswered`: `mayHaveArrived` means that the call may still have taken effect; false when it was never
 * sent, and for reads. `cause` is one short stable word: `timeout`, `connect_timeout`, `refused`,
 * `unreachable`, `dns`, `tls`, `reset`, `proxy` (it doesn't answer, or refuses to connect), `protocol`,
 * `unreadable`, `aborted`, `closed` or `other`.
 */
export type LinqAnswer =
  | {
      readonly kind: 'answered';
      readonly httpStatus: number;
      readonly linqCode: number | null;
      readonly traceId: string | null;
      readonly hasEnvelope: boolean;
      readonly isJson: boolean;
      readonly retryAfterMs: number | null;
    }
  | { readonly kind: 'unanswered'; readonly mayHaveArrived: boolean; readonly cause: string };

/** Why Linq refuses a chat permanently. */
export const RETIRED_REASONS = ['chat_gone', 'chat_left', 'unsupported'] as const;
export type RetiredReason = (typeof RETIRED_REASONS)[number];

/**
 * How an attempt is recorded. `unknown`: no answer, and it may have worked; `retry`: the same call may
 * succeed later; `rejected`: Linq refused it, for the chat, the line or the account; `interrupted`: cut off
 * by a crash.
 */
export const OUTCOMES = ['shared', 'retry', 'rejected', 'unknown', 'interrupted', 'dry_run'] as const;
export type Outcome = (typeof OUTCOMES)[number];

/** How the figures count an attempt that ended; null: not at all, since a dry run calls no one. */
export function countedAs(outcome: Outcome): 'succeeded' | 'failed' | null {
  if (outcome === 'dry_run') return null;
  return outcome === 'shared' ? 'succeeded' : 'failed';
}

/** What an answer means for the chat, its line and the account. */
export type Verdict =
  | { readonly kind: 'shared' }
  /** The same call may succeed later. `mayHaveArrived`: no answer, and it may have worked. */
  | {
      readonly kind: 'transient';
      readonly mayHaveArrived: boolean;
      readonly retryAfterMs: number | null;
    }
  /** All calls pause; the scope of Linq's limits is unknown. */
  | { readonly kind: 'rate_limited'; readonly retryAfterMs: number | null }
  /** The account or the line is closed. */
  | { readonly kind: Exclude<VerdictHoldReason, 'rate_limited'> }
  | { readonly kind: 'card_missing' }
  /** The chat. */
  | { readonly kind: 'retired'; readonly reason: RetiredReason }
  | { readonly kind: 'opted_out' }
  | { readonly kind: 'recipient_blocked' }
  /** Any other refusal: the same call can't succeed soon. */
  | { readonly kind: 'rejected' };

type Answered = Extract<LinqAnswer, { kind: 'answered' }>;

/** Codes whose meaning doesn't depend on the HTTP status: sources disagree on one code's status. */
const VERDICT_BY_CODE: ReadonlyMap<
  number,
  Exclude<Verdict, { kind: 'transient' | 'rate_limited' }>
> = new Map([
  [2001, { kind: 'retired', reason: 'chat_gone' }],
  [2004, { kind: 'api_key_rejected' }],
  [2005, { kind: 'retired', reason: 'chat_gone' }],
  [2006, { kind: 'line_not_ours' }],
  [2008, { kind: 'opted_out' }],
  [2011, { kind: 'feature_disabled' }],
  [2012, { kind: 'card_missing' }],
  [2013, { kind: 'retired', reason: 'chat_left' }],
  [2016, { kind: 'retired', reason: 'unsupported' }],
  [2017, { kind: 'retired', reason: 'unsupported' }],
  [2024, { kind: 'opted_out' }],
  [2026, { kind: 'recipient_blocked' }],
  [2027, { kind: 'line_paused' }],
  [4002, { kind: 'line_paused' }],
]);

const RATE_LIMITED_CODE = 1007;
/** 2009: the chat is still being created; 2015: conflicts with the current state. Both pass. */
const TRANSIENT_CODES: ReadonlySet<number> = new Set([2009, 2015]);

/**
 * What the answer to a share call means. Also used for the reads before it, whose failures fall into the same
 * classes (a failed read never has a 2xx). Success comes first, then rate limits. For the rest, only what
 * Linq itself says counts: its code, then the HTTP status.
 */
export function classifyAnswer(answer: LinqAnswer): Verdict {
  if (answer.kind === 'unanswered') {
    return { kind: 'transient', mayHaveArrived: answer.mayHaveArrived, retryAfterMs: null };
  }
  if (answer.httpStatus >= 200 && answer.httpStatus <= 299) return { kind: 'shared' };
  if (isRateLimit(answer)) return { kind: 'rate_limited', retryAfterMs: answer.retryAfterMs };
  // a gateway's answer, or a base URL that points elsewhere: neither may retire or reject a chat, or
  // blame the key
  if (!answer.hasEnvelope) return transient(answer);
  if (answer.linqCode !== null) {
    const verdict = VERDICT_BY_CODE.get(answer.linqCode);
    if (verdict !== undefined) return verdict;
    if (TRANSIENT_CODES.has(answer.linqCode)) return transient(answer);
  }
  return classifyStatus(answer);
}

/**
 * Any 429, whatever its code. Newer API versions also rate-limit with 503; Retry-After distinguishes it from
 * an outage.
 */
function isRateLimit({ httpStatus, linqCode, retryAfterMs }: Answered): boolean {
  return (
    httpStatus === 429 || (httpStatus === 503 && retryAfterMs !== null) || linqCode === RATE_LIMITED_CODE
  );
}

function classifyStatus(answer: Answered): Verdict {
  const { httpStatus } = answer;
  if (httpStatus === 401) return { kind: 'api_key_rejected' };
  const isClientError = httpStatus >= 400 && httpStatus <= 499;
  return isClientError && httpStatus !== 408 ? { kind: 'rejected' } : transient(answer);
}

function transient(answer: Answered): Verdict {
  return { kind: 'transient', mayHaveArrived: false, retryAfterMs: answer.retryAfterMs };
}

export function outcomeOf(verdict: Verdict): Exclude<Outcome, 'interrupted' | 'dry_run'> {
  switch (verdict.kind) {
    case 'shared':
      return 'shared';
    case 'transient':
      return verdict.mayHaveArrived ? 'unknown' : 'retry';
    case 'rate_limited':
      return 'retry';
    default:
      return 'rejected';
  }
}

/**
 * True if Linq refused this chat for any reason. A wrong address or key, or a forbidden account, looks the
 * same.
 */
export function isRefusal({ kind }: Verdict): boolean {
  return kind === 'retired' || kind === 'rejected' || kind === 'opted_out' || kind === 'recipient_blocked';
}
