import { type IncomingHttpHeaders, STATUS_CODES } from 'node:http';
import type { FastifyReply } from 'fastify';
import type { SignatureFault } from '../errors.ts';

/** An answer other than 2xx. */
export interface Refusing {
  readonly statusCode: 401 | 413 | 415 | 429 | 503;
  readonly code: string;
  /** For a person: what is wrong and what to do. */
  readonly message: string;
  readonly retryAfterSeconds?: number;
}

/**
 * Uses fastify's error format. The connection stays open, and Node discards what still comes of a refused body: closing
 * it would reset the connection, and the reset may reach a proxy before the answer does.
 */
export function sendRefusal(reply: FastifyReply, refusing: Refusing): FastifyReply {
  const { statusCode, code, message, retryAfterSeconds } = refusing;
  if (retryAfterSeconds !== undefined) reply.header('retry-after', retryAfterSeconds);
  return reply.code(statusCode).send({ statusCode, code, error: STATUS_CODES[statusCode] ?? '', message });
}

export const MAX_BODY_BYTES = 1024 * 1024;

/** 503 asks Linq to redeliver. Linq already waits longer each time, so these are only minimums. */
const SOON_SECONDS = 1;
const LATER_SECONDS = 5;

export const DRAINING: Refusing = {
  statusCode: 503,
  code: 'SHUTTING_DOWN',
  message: 'Shutting down. Send the delivery again.',
  retryAfterSeconds: LATER_SECONDS,
};

export const OVERLOADED: Refusing = {
  statusCode: 503,
  code: 'OVERLOADED',
  message: 'Too many deliveries at once. Send the delivery again.',
  retryAfterSeconds: SOON_SECONDS,
};

export const NOT_STORED: Refusing = {
  statusCode: 503,
  code: 'NOT_STORED',
  message: 'The delivery could not be stored. Send it again.',
  retryAfterSeconds: LATER_SECONDS,
};

export const CLOCK_SUSPECT: Refusing = {
  statusCode: 503,
  code: 'CLOCK_SUSPECT',
  message:
    'Correctly signed, but this machine’s clock seems to be wrong. Correct it, and send the delivery again.',
  retryAfterSeconds: LATER_SECONDS,
};

export const TOO_LARGE: Refusing = {
  statusCode: 413,
  code: 'BODY_TOO_LARGE',
  message: 'The body exceeds 1 MiB.',
};

const NOT_JSON: Refusing = {
  statusCode: 415,
  code: 'UNSUPPORTED_MEDIA_TYPE',
  message: 'Send application/json.',
};

const ENCODED: Refusing = {
  statusCode: 415,
  code: 'UNSUPPORTED_ENCODING',
  message: 'Send the body without a Content-Encoding.',
};

export function unauthorized(fault: SignatureFault, message: string): Refusing {
  return { statusCode: 401, code: `SIGNATURE_${fault.toUpperCase()}`, message };
}

export function tooManyFailures(retryAfterSeconds: number): Refusing {
  const message = 'Too many deliveries from this address failed verification. Check LINQ_WEBHOOK_SECRET.';
  return { statusCode: 429, code: 'TOO_MANY_FAILURES', message, retryAfterSeconds };
}

export function tooManyDeliveries(retryAfterSeconds: number): Refusing {
  const message = 'Too many deliveries from this address in a minute. See WEBHOOK_RATE_LIMIT.';
  return { statusCode: 429, code: 'RATE_LIMITED', message, retryAfterSeconds };
}

/** Why the request can be refused before its body is read; null: it can't. */
export function refusalByHeaders(headers: IncomingHttpHeaders): Refusing | null {
  if (mediaType(headers['content-type'] ?? '') !== 'application/json') return NOT_JSON;
  if ((headers['content-encoding'] ?? 'identity').toLowerCase() !== 'identity') return ENCODED;
  return Number(headers['content-length'] ?? 0) > MAX_BODY_BYTES ? TOO_LARGE : null;
}

function mediaType(contentType: string): string {
  const end = contentType.indexOf(';');
  return (end === -1 ? contentType : contentType.slice(0, end)).trim().toLowerCase();
}
