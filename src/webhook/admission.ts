import type { IncomingHttpHeaders } from 'node:http';
import rateLimit from '@fastify/rate-limit';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { MINUTE } from '../decide/duration.ts';
import { ENCODED, MAX_BODY_BYTES, NOT_JSON, type Refusing, TOO_LARGE } from './answers.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** How many bytes of the webhook route's budget this request holds. */
    webhookBytes: number;
  }
}

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

/** All bodies being received or handled together; beyond it newcomers must come again. */
const MAX_BYTES_IN_FLIGHT = 64 * MAX_BODY_BYTES;

export interface ByteBudget {
  /** False when it doesn't fit. A body of unknown length counts as the largest. */
  reserve(request: FastifyRequest): boolean;
  /** Gives back what the request holds, if anything. */
  release(request: FastifyRequest): void;
}

export function createByteBudget(app: FastifyInstance): ByteBudget {
  app.decorateRequest('webhookBytes', 0);
  let inFlight = 0;
  return {
    reserve(request) {
      const bytes = Number(request.headers['content-length'] ?? MAX_BODY_BYTES);
      if (inFlight + bytes > MAX_BYTES_IN_FLIGHT) return false;
      request.webhookBytes = bytes;
      inFlight += bytes;
      return true;
    },
    release(request) {
      inFlight -= request.webhookBytes;
      request.webhookBytes = 0;
    },
  };
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
