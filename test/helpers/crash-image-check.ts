import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { ShareCall } from '../../src/simulator/shares.ts';
import { openSqliteStore } from '../../src/store/sqlite/sqlite-store.ts';
import { policyOf } from './builders.ts';
import { type Image, writeImage } from './crash-image.ts';
import { DATABASE_PATH, openStored } from './database.ts';
import type { Planned } from './deliveries.ts';
import { findBrokenPromises, findLostFacts } from './promises.ts';
import type { Trial } from './trial.ts';

/** Where a flush costs nothing: nobody pulls the plug of an image. */
const MEMORY = '/dev/shm';

export interface ImageCheck {
  /** Chats that lack what was answered 2xx, one sentence each. */
  readonly lost: readonly string[];
  /** Anything else that must not be. */
  readonly wrong: readonly string[];
}

/** What was known when the power went. */
export type Known = Pick<Trial['load'], 'chats'> & { readonly calls: readonly ShareCall[] };

/** Opens images with the service's own store, one after the other, and holds against them what is promised. */
export function createImageCheck(windowMs: number) {
  const parent = existsSync(MEMORY) ? MEMORY : tmpdir();
  const directory = mkdtempSync(join(parent, 'contact-card-reactor-image-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return async (image: Image, { chats, calls }: Known): Promise<ImageCheck> => {
    writeImage(image, directory);
    try {
      await openSqliteStore({ path: join(directory, DATABASE_PATH), policy: policyOf() }).close();
    } catch (error) {
      return { lost: [], wrong: [`it can't be opened: ${String(error)}`] };
    }
    const stored = openStored(directory);
    try {
      const integrity = stored.integrity();
      return {
        lost: findLostFacts(chats, stored.chats),
        wrong: [
          ...(integrity === 'ok' ? [] : [integrity]),
          ...stored.contradictions(),
          ...findBrokenPromises(calls, stored.attempts, windowMs),
        ],
      };
    } finally {
      stored.close();
    }
  };
}

/** By the machine's monotonic clock, which the simulated Linq's runs on, too. */
const PROCESS_BEGAN_NS = process.hrtime.bigint() - toNs(performance.now());

/** What had been answered, and which calls had arrived, before an instant; null: by now. */
export function knownBefore({ load, simulator }: Trial, atNs: bigint | null): Known {
  if (atNs === null) return { chats: load.chats, calls: simulator.calls };
  const chats = new Map<string, readonly Planned[]>();
  for (const [chatId, planned] of load.chats) {
    const isAcked = ({ ackedAtNs }: Planned) => ackedAtNs !== null && ackedAtNs < atNs;
    // one answered later may have been committed already
    const before = planned.map(
      (one): Planned => (one.state === 'acked' && !isAcked(one) ? { ...one, state: 'sent' } : one),
    );
    chats.set(chatId, before);
  }
  const calls = simulator.calls.filter(
    ({ arrivedMonotonicMs }) => PROCESS_BEGAN_NS + toNs(arrivedMonotonicMs) < atNs,
  );
  return { chats, calls };
}

function toNs(ms: number): bigint {
  return BigInt(Math.round(ms * 1e6));
}
