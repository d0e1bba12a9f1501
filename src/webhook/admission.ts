import type { IncomingHttpHeaders } from 'node:http';
import rateLimit from '@fastify/rate-limit';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { MINUTE } from '../decide/time.ts';
import { ENCODED, MAX_BODY_BYTES, NOT_JSON, type Refusing, TOO_LARGE } from './answers.ts';

/** What can be refused by the headers alone, before a byte of the body is read; null: nothing. */
export function refusalByHeaders(headers: IncomingHttpHeaders): Refusing | null {
  if (mediaType(headers['content-type'] ?? '') !== 'application/json') return NOT_JSON;
  if ((headers['content-encoding'] ?? 'identity').toLowerCase() !== 'identity') return ENCODED;
  return Number(headers['content-length'] ?? 0) > MAX_BODY_BYTES ? TOO_LARGE : null;
}

function mediaType(contentType: string): string {
  const end = contentType.indexOf(';');
  return (end === -1 ? contentType : contentType.slice(0, end)).trim().toLowerCase();
}

/** Counts one request of this address; resolves to the seconds to wait when it was one too many, else to null. */
export type AddressLimiter = (request: FastifyRequest) => Promise<number | null>;

/** Per minute and address (IPv6 by /64), over a table of 5,000 addresses from which the least recent go first. */
export async function createAddressLimiter(app: FastifyInstance, max: number): Promise<AddressLimiter> {
  if (!app.hasDecorator('createRateLimit')) await app.register(rateLimit, { global: false });
  const limit = app.createRateLimit({ max, timeWindow: MINUTE });
  return async (request) => {
    const result = await limit(request);
    return !result.isAllowed && result.isExceeded ? Math.max(1, result.ttlInSeconds) : null;
  };
}
