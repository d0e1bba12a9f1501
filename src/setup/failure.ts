import { classifyAnswer, type LinqAnswer } from '../decide/outcome.ts';
import { MINUTE, SECOND } from '../decide/time.ts';
import { ConfigError, type ReactorError, SetupError, UnreachableError } from '../errors.ts';

/**
 * Turns a failed call to Linq into the error with which setup ends.
 * @param what was attempted: `create the webhook subscription`
 */
export function failureOf(what: string, answer: LinqAnswer): ReactorError {
  if (answer.kind === 'unanswered') {
    const text = `Linq can’t be reached to ${what} (${answer.cause}).`;
    if (answer.cause === 'unreadable') return new SetupError(`Can’t ${what}: ${NOT_LINQ}`);
    return new UnreachableError(
      `${text} Check the network, any proxy, and LINQ_API_BASE_URL; then run setup again.`,
    );
  }
  const verdict = classifyAnswer(answer).kind;
  if (verdict === 'api_key_rejected')
    return new ConfigError(`Linq rejects the API key (${detailsOf(answer)}).`);
  if (verdict === 'rate_limited') {
    const wait = answer.retryAfterMs === null ? 'a while' : waitInWords(answer.retryAfterMs);
    return new SetupError(`Linq limits the rate of calls: run setup again in ${wait}.`);
  }
  if (!answer.hasEnvelope) return new SetupError(`Can’t ${what} (HTTP ${answer.httpStatus}): ${NOT_LINQ}`);
  const isLinqsTrouble = answer.httpStatus >= 500;
  const advice = isLinqsTrouble
    ? 'The fault is at Linq: run setup again in a few minutes.'
    : 'Give Linq’s support the trace id.';
  return new SetupError(`Linq refuses to ${what} (${detailsOf(answer)}). ${advice}`);
}

const NOT_LINQ =
  'the server at LINQ_API_BASE_URL doesn’t answer like Linq. Check that setting, and any proxy or firewall in between; then run setup again in a few minutes.';

/** `45 s`, `10 minutes`: rounded up, so that no one retries too early. */
export function waitInWords(ms: number): string {
  return ms < 2 * MINUTE ? `${Math.ceil(ms / SECOND)} s` : `${Math.ceil(ms / MINUTE)} minutes`;
}

/** `HTTP 409, code 2015, trace a1b2…`, as far as known. */
export function detailsOf({
  httpStatus,
  linqCode,
  traceId,
}: Extract<LinqAnswer, { kind: 'answered' }>): string {
  const parts = [`HTTP ${httpStatus}`];
  if (linqCode !== null) parts.push(`code ${linqCode}`);
  if (traceId !== null) parts.push(`trace id ${traceId}`);
  return parts.join(', ');
}
