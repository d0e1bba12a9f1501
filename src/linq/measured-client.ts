import type { LinqAnswer } from '../decide/outcome.ts';
import type { LinqClient } from './client.ts';

/** What became of a call, in one of few words: which of Linq's codes it was is with the attempt. */
export type CallOutcome =
  | 'success'
  | 'refused'
  | 'rate_limited'
  | 'server_error'
  | 'timeout'
  | 'no_answer'
  | 'cut';

/** @param call its name, as `share_contact_card` */
export type OnCall = (call: string, outcome: CallOutcome, tookMs: number) => void;

/**
 * The same client; `onCall` is told of every call that has ended.
 * @param monotonic real milliseconds that never step
 */
export function measureCalls(client: LinqClient, monotonic: () => number, onCall: OnCall): LinqClient {
  const measured = new Map<string, unknown>();
  for (const [name, method] of Object.entries(client) as [string, unknown][]) {
    if (typeof method !== 'function' || name === 'close') continue;
    const call = name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    measured.set(name, async (...args: unknown[]) => {
      const startedAt = monotonic();
      const result: unknown = await method.apply(client, args);
      onCall(call, outcomeOf(result as CallResult), monotonic() - startedAt);
      return result;
    });
  }
  return { ...client, ...Object.fromEntries(measured) };
}

type CallResult = LinqAnswer | { readonly kind: 'failed'; readonly answer: LinqAnswer } | { kind: 'brought' };

function outcomeOf(result: CallResult): CallOutcome {
  if (result.kind === 'failed') return outcomeOf(result.answer);
  if (result.kind === 'unanswered') return OUTCOME_OF_CAUSE.get(result.cause) ?? 'no_answer';
  if (result.kind !== 'answered') return 'success';
  const { httpStatus } = result;
  if (httpStatus === 429) return 'rate_limited';
  if (httpStatus >= 500) return 'server_error';
  return httpStatus >= 200 && httpStatus <= 299 ? 'success' : 'refused';
}

/** `cut`: ended by us, which says nothing of Linq. */
const OUTCOME_OF_CAUSE: ReadonlyMap<string, CallOutcome> = new Map([
  ['timeout', 'timeout'],
  ['connect_timeout', 'timeout'],
  ['aborted', 'cut'],
  ['closed', 'cut'],
]);
