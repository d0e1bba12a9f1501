import type { IncomingMessage } from 'node:http';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { createFairShare, networkOf } from '../http/addresses.ts';
import { MAX_BODY_BYTES, OVERLOADED, type Refusing, TOO_LARGE } from './answers.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** What this request's body takes of the bytes in flight; null: nothing yet, or no more. */
    webhookBytes: { readonly sender: string; taken: number } | null;
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

/** All bodies being received or handled together; what arrives beyond a sender's part of it must come again. */
const MAX_BYTES_IN_FLIGHT = 64 * MAX_BODY_BYTES;
const LEAST_ROOM_BYTES = 1024;
const NOTHING = Buffer.alloc(0);

/** Counts what is kept, not what headers promise: a promise takes no memory, and costs its sender nothing. */
export function createBodyReader(app: FastifyInstance): BodyReader {
  app.decorateRequest('webhookBytes', null);
  const inFlight = createFairShare(MAX_BYTES_IN_FLIGHT);

  function take(request: FastifyRequest, bytes: number): boolean {
    // kept: a connection that is gone has no address any more
    request.webhookBytes ??= { sender: networkOf(request.ip), taken: 0 };
    const held = request.webhookBytes;
    if (!inFlight.take(held.sender, bytes, held.taken)) return false;
    held.taken += bytes;
    return true;
  }

  return {
    read(request, payload, done) {
      const most = Number(request.headers['content-length'] ?? MAX_BODY_BYTES);
      let room: Buffer = NOTHING;
      let length = 0;
      const onData = (piece: Buffer) => {
        const needed = length + piece.length;
        if (needed > MAX_BODY_BYTES) return refuse(TOO_LARGE);
        const size = length === 0 ? needed : roomFor(needed, room.length, most);
        if (size > room.length && !take(request, size - room.length)) return refuse(OVERLOADED);
        // most bodies are one piece; others are joined as they come, since each small piece costs some 600 bytes more
        if (length === 0) room = piece;
        else {
          if (size > room.length) room = enlarged(room, length, size);
          piece.copy(room, length);
        }
        length = needed;
      };
      const onEnd = () => finish(null, room.subarray(0, length));
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
      const held = request.webhookBytes;
      if (held !== null) inFlight.giveBack(held.sender, held.taken);
      request.webhookBytes = null;
    },
  };
}

/** Doubles, so that all the copying together costs no more than the body itself. */
function roomFor(needed: number, room: number, most: number): number {
  if (needed <= room) return room;
  return Math.max(needed, Math.min(most, Math.max(2 * room, LEAST_ROOM_BYTES)));
}

function enlarged(room: Buffer, length: number, size: number): Buffer {
  const larger = Buffer.allocUnsafeSlow(size);
  room.copy(larger, 0, 0, length);
  return larger;
}
