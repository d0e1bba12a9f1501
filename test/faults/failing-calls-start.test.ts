import { randomUUID } from 'node:crypto';
import { realpathSync } from 'node:fs';
import { expect, it } from 'vitest';
import { readImage } from '../helpers/crash-image.ts';
import { createImageCheck } from '../helpers/crash-image-check.ts';
import { openStored } from '../helpers/database.ts';
import { deliver, message2026 } from '../helpers/deliver.ts';
import { createDiskShim } from '../helpers/disk-shim.ts';
import { createWorkDir, lastWords, launch, startReactor } from '../helpers/process.ts';
import { createSeeded } from '../helpers/seed.ts';
import { reportReached, suiteCount } from '../helpers/suite.ts';

const FIRST_STARTS = suiteCount(6);
const RERUN = `SUITE_COUNT=${FIRST_STARTS} npm run test:faults -- failing-calls-start`;
const ENDED = { code: 1, signal: null };
const DISK_FAILED = /the disk failed .* check the disk/;
const DISK_FULL = /no space|is full/;

const realWorkDir = () => realpathSync(createWorkDir());

it('ends with 1 when the names of its files can not be synced', async () => {
  const directory = realWorkDir();
  const shim = createDiskShim(directory);
  shim.fail({ kinds: ['create'], error: 'EIO', at: 1, times: 1_000_000 });
  const running = launch(directory, shim.preload());
  expect(await Promise.race([running.exited, running.listening.catch(() => running.exited)])).toEqual(ENDED);
  expect(lastWords(running)).toMatch(DISK_FAILED);
});

it(
  'says why, and leaves nothing that a later start stumbles over, when the disk fails at the very first',
  async () => {
    const seeded = createSeeded(RERUN);
    const check = createImageCheck(0);
    let hit = 0;
    for (let round = 0; round < FIRST_STARTS; round++) {
      const directory = realWorkDir();
      const shim = createDiskShim(directory);
      const error = seeded.pick(['EIO', 'ENOSPC'] as const) ?? 'EIO';
      const isSync = seeded.random() < 0.3;
      const at = seeded.between(1, isSync ? 10 : 45);
      shim.fail({ kinds: [isSync ? 'sync' : 'write'], error, at, times: 1_000_000 });
      const running = launch(directory, shim.preload());
      const isListening = await running.listening.then(Boolean, () => false);
      const isFull = error === 'ENOSPC' && !isSync;
      if (isListening && (isFull || shim.failures() === 0)) {
        await running.end('SIGKILL');
      } else {
        hit++;
        const end = await running.exited;
        const words = isFull ? DISK_FULL : DISK_FAILED;
        const said = lastWords(running);
        expect({ end, said }).toEqual({ end: ENDED, said: expect.stringMatching(words) });
      }
      const found = await check(readImage(directory), { chats: new Map(), calls: [] });
      expect(found).toEqual({ lost: [], wrong: [] });
    }
    expect(hit).toBeGreaterThan(FIRST_STARTS / 2);
    reportReached('failing-first-start', { seed: seeded.seed, starts: FIRST_STARTS, hit, violations: 0 });
  },
  60_000 + FIRST_STARTS * 10_000,
);

it('loses nothing when it stops, and the file can not be cut to its size any more', async () => {
  const directory = realWorkDir();
  const shim = createDiskShim(directory);
  for (const error of ['EIO', 'ENOSPC'] as const) {
    const reactor = await startReactor(directory, shim.preload());
    const chatId = randomUUID();
    expect((await deliver(reactor.url, message2026({ chatId }))).status).toBe(204);
    shim.fail({ kinds: ['truncate'], error, at: 1, times: 1_000_000 });
    await reactor.end('SIGTERM');
    expect(shim.failures()).toBeGreaterThan(0);
    shim.fail(null);
    const { chats, integrity, close } = openStored(directory);
    expect([...chats.keys()]).toContain(chatId);
    expect(integrity()).toBe('ok');
    close();
  }
});
