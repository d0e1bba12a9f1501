import type { IncomingMessage } from 'node:http';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { MAX_BODY_BYTES, OVERLOADED, type Refusing, TOO_LARGE } from './answers.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** What this request's body takes of the bytes in flight. */
    webhookBytes: number;
  }
}

/** The raw bytes, or why they weren't taken. */
export type Body = Buffer | Refusing;

export interface BodyReader {
  /** Reads it to its end, or to where it must be refused; an error when the sender went away. */
  read(
    request: FastifyRequest,
    payload: IncomingMessage,
    done: (error: Error | null, body?: Body) => void,
  ): void;
  /** Gives back what the request holds, if anything: to be called when it is over, however it ended. */
  release(request: FastifyRequest): void;
}

/** All bodies being received or handled together; what arrives beyond it must come again. */
const MAX_BYTES_IN_FLIGHT = 64 * MAX_BODY_BYTES;
/** A piece takes some 600 bytes besides its own, so that a body in pieces of one byte isn't as small as it says. */
const MIN_PIECE_BYTES = 1024;

/** Counts what has arrived, not what headers promise: a promise takes no memory, and costs its sender nothing. */
export function createBodyReader(app: FastifyInstance): BodyReader {
  app.decorateRequest('webhookBytes', 0);
  let inFlight = 0;

  function take(request: FastifyRequest, piece: Buffer): boolean {
    const bytes = Math.max(piece.length, MIN_PIECE_BYTES);
    if (inFlight + bytes > MAX_BYTES_IN_FLIGHT) return false;
    request.webhookBytes += bytes;
    inFlight += bytes;
    return true;
  }

  return {
    read(request, payload, done) {
      const pieces: Buffer[] = [];
      let length = 0;
      const onData = (piece: Buffer) => {
        length += piece.length;
        if (length > MAX_BODY_BYTES) refuse(TOO_LARGE);
        else if (take(request, piece)) pieces.push(piece);
        else refuse(OVERLOADED);
      };
      const onEnd = () => {
        const [only] = pieces;
        finish(null, only !== undefined && pieces.length === 1 ? only : Buffer.concat(pieces, length));
      };
      const onError = (error: Error) => finish(error);
      const finish = (error: Error | null, body?: Body) => {
        payload.off('data', onData).off('end', onEnd).off('error', onError);
        done(error, body);
      };
      const refuse = (refusing: Refusing) => {
        finish(null, refusing);
        payload.resume(); // the rest is thrown away, so that the answer can be heard
      };
      payload.on('data', onData).on('end', onEnd).on('error', onError);
    },
    release(request) {
      inFlight -= request.webhookBytes;
      request.webhookBytes = 0;
    },
  };
}
