import type { LinqAnswer } from '../decide/outcome.ts';
import { parseRetryAfter } from '../decide/pacing.ts';
import type { EpochMs } from '../decide/time.ts';
import type { Headers, Reply } from './call.ts';
import { asObject, parseJson } from './json.ts';

/**
 * Reads any shape of Linq's errors, and bodies that aren't Linq's at all.
 * @param isRead the call changes nothing at Linq, so it matters not whether it arrived
 * @param apiKey nothing that carries it is taken over: a proxy may echo the request
 */
export function readAnswer(reply: Reply, isRead: boolean, systemNow: EpochMs, apiKey: string): LinqAnswer {
  if (reply.kind === 'none') {
    return { kind: 'unanswered', mayHaveArrived: reply.wasSent && !isRead, cause: reply.cause };
  }
  const { httpStatus, headers, body } = reply;
  const json = parseJson(body);
  const root = asObject(json);
  const error = asObject(root?.error);
  const linqCode = readCode(error?.code ?? root?.code);
  const traceId = (value: unknown) => readTraceId(value, apiKey);
  return {
    kind: 'answered',
    httpStatus,
    linqCode,
    traceId: traceId(firstHeader(headers, 'x-trace-id')) ?? traceId(root?.trace_id),
    hasEnvelope: linqCode !== null || isCodeless(root, error),
    isJson: json !== undefined,
    retryAfterMs: parseRetryAfter(firstHeader(headers, 'retry-after'), error?.retry_after, systemNow),
  };
}

/** Repeated headers are nobody's intention: the first one counts. */
export function firstHeader(headers: Headers, name: string): string | null {
  const value = headers[name];
  return (typeof value === 'string' ? value : value?.[0]) ?? null;
}

type Json = Readonly<Record<string, unknown>> | null;

/** Linq's envelope as it is without a code. Gateways write an `error` object, too, but not all three together. */
function isCodeless(root: Json, error: Json): boolean {
  return root?.success === false && typeof error?.status === 'number';
}

/** A number of four digits, as all of Linq's; also as text. Gateways repeat the HTTP status as a code, or have longer ones. */
function readCode(value: unknown): number | null {
  const code = typeof value === 'string' ? Number(value) : value;
  return typeof code === 'number' && Number.isInteger(code) && code >= 1000 && code <= 9999 ? code : null;
}

const TRACE_ID = /^[\x21-\x7e]{1,128}$/;

/** Opaque, kept with the attempt, and logged: whatever is too long, unprintable or secret isn't one. */
function readTraceId(value: unknown, apiKey: string): string | null {
  return typeof value === 'string' && TRACE_ID.test(value) && !value.includes(apiKey) ? value : null;
}
