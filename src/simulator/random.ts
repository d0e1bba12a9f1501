import { createHash } from 'node:crypto';

/**
 * A seeded random sequence in [0, 1) (mulberry32): the same seed gives the same disorder.
 * @param seed any 32-bit integer
 */
export function createRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * All randomness of a simulator. Each kind has its own sequence, so that chat ids don't depend on how many
 * calls came in between.
 */
export interface Randomness {
  /** The next 32 bytes of a kind. */
  bytes(kind: string): Buffer;
  uuid(kind: string): string;
  /** A trace id in Linq's format: 32 hex digits. */
  trace(kind: string): string;
  /** A sequence in [0, 1). */
  numbers(kind: string): () => number;
}

/** The same seed gives the same sequences. */
export function createRandomness(seed: number | string): Randomness {
  const counts = new Map<string, number>();
  const bytes = (kind: string): Buffer => {
    const count = counts.get(kind) ?? 0;
    counts.set(kind, count + 1);
    return createHash('sha256').update(`${seed} ${kind} ${count}`).digest();
  };
  return {
    bytes,
    uuid(kind) {
      const id = bytes(kind);
      id.writeUInt8((id.readUInt8(6) & 0x0f) | 0x40, 6); // version 4
      id.writeUInt8((id.readUInt8(8) & 0x3f) | 0x80, 8);
      return id.toString('hex', 0, 16).replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
    },
    trace: (kind) => bytes(kind).toString('hex', 0, 16),
    numbers: (kind) => createRandom(bytes(kind).readUInt32LE()),
  };
}
