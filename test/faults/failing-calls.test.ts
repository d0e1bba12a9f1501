import { realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { createDisk, readImage, writeImage } from '../helpers/crash-image.ts';
import { createImageCheck, knownBefore } from '../helpers/crash-image-check.ts';
import { DATABASE_PATH, openStored } from '../helpers/database.ts';
import { createDiskShim, type DiskFault, type DiskShim } from '../helpers/disk-shim.ts';
import { lastWords, launch, type Running, startReactor } from '../helpers/process.ts';
import { findLostFacts } from '../helpers/promises.ts';
import { createSeeded, type Seeded } from '../helpers/seed.ts';
import { isReady, until } from '../helpers/status.ts';
import { reportReached, suiteCount } from '../helpers/suite.ts';
import { createTrial, type Trial } from '../helpers/trial.ts';
import { mountVolume } from '../helpers/volume.ts';

/** The n-th call fails, for every n up to this. */
const DEEPEST = suiteCount(20);
const RERUN = `SUITE_COUNT=${DEEPEST} npm run test:faults -- failing-calls`;
const ENDED = { code: 1, signal: null };
const DISK_FAILED = /the disk failed .* check the disk/;

function expectOnlyRefusals({ load }: Trial): void {
  const answers = [...load.answers.keys()].filter((answer) => typeof answer === 'number');
  expect(answers.filter((answer) => answer !== 204 && answer !== 503)).toEqual([]);
}

/** A disk that fails from some call on, or once; a call that can't sync says so with either error. */
function pickFault(seeded: Seeded, at: number, kinds: DiskFault['kinds']): DiskFault {
  const isFull = kinds.includes('sync') && seeded.random() < 0.3;
  return { kinds, error: isFull ? 'ENOSPC' : 'EIO', at, times: seeded.random() < 0.5 ? 1 : 1_000_000 };
}

/** Delivers until a first 503; or until the service has ended, or takes far too long to. */
async function pressUntilRefused(url: string, running: Running, load: Trial['load']): Promise<void> {
  const refused = () => load.answers.get(503) ?? 0;
  const refusedBefore = refused();
  const run = load.run(url);
  let isOver = false;
  void Promise.race([running.exited, delay(30_000)]).then(() => {
    isOver = true;
  });
  while (refused() === refusedBefore && !isOver) await delay(5);
  await run.stop();
}

/** Presses the service until it ends by itself. @returns whether it ever listened */
async function pressToTheEnd(running: Running, { load }: Trial): Promise<boolean> {
  const url = await running.listening.catch(() => null);
  if (url !== null) await pressUntilRefused(url, running, load);
  const end = await Promise.race([running.exited, delay(30_000)]);
  const said = lastWords(running);
  expect({ end, said }).toEqual({ end: ENDED, said: expect.stringMatching(DISK_FAILED) });
  return url !== null;
}

it(
  `ends with 1 when the disk fails, at each of ${DEEPEST} calls, and loses nothing that it answered`,
  async () => {
    const seeded = createSeeded(RERUN);
    const trial = await createTrial({ seeded, chatsPerRun: 100 });
    const directory = realpathSync(trial.directory);
    const shim = createDiskShim(directory);
    const check = createImageCheck(trial.windowMs);
    const seen = { rounds: 0, whileServing: 0, images: 0 };
    let disk = createDisk();

    for (let at = 1; at <= DEEPEST; at++) {
      const kinds: DiskFault['kinds'] = at % 2 === 0 ? ['sync'] : ['write'];
      shim.fail(pickFault(seeded, at, kinds));
      const running = launch(directory, { ...trial.settings, ...shim.preload() });
      if (await pressToTheEnd(running, trial)) seen.whileServing++;
      seen.rounds++;

      for (const call of shim.calls()) disk.apply(call);
      // what a sync couldn't write is gone, though until the power goes it can still be read
      const image = disk.losePower(null);
      expect(await check(image, knownBefore(trial, null))).toEqual({ lost: [], wrong: [] });
      seen.images++;
      if (kinds.includes('sync') || seeded.random() < 0.5) {
        writeImage(image, directory);
        disk = createDisk(image);
      } else disk.adopt(directory);
    }
    expectOnlyRefusals(trial);
    expect(trial.load.answers.get(503)).toBeGreaterThan(0);
    expect(seen.whileServing).toBeGreaterThan(DEEPEST / 3);
    shim.fail(null);
    const mended = await startReactor(directory, trial.settings);
    await trial.load.finish(mended.url);
    expect(await mended.end('SIGTERM')).toEqual({ code: 0, signal: null });
    expect(await check(readImage(directory), knownBefore(trial, null))).toEqual({ lost: [], wrong: [] });
    reportReached('failing-calls', { seed: seeded.seed, ...seen, violations: 0 });
  },
  60_000 + DEEPEST * 10_000,
);

/** Lets writes from the n-th on find no space, so many of them, and waits until they have. */
async function runOutOfSpace(shim: DiskShim, at: number, times: number): Promise<void> {
  shim.fail({ kinds: ['write'], error: 'ENOSPC', at, times });
  await until(
    async () => shim.failures(),
    (count) => count === times,
    { tries: 4_000, everyMs: 5 },
  );
}

it(
  `stays up and goes on by itself when a write finds no space, at each of ${DEEPEST} writes`,
  async () => {
    const seeded = createSeeded(RERUN);
    const trial = await createTrial({ seeded, chatsPerRun: 1_000_000 });
    const directory = realpathSync(trial.directory);
    mountVolume(dirname(join(directory, DATABASE_PATH)), 48); // small, so that the log is often copied to the file
    const shim = createDiskShim(directory);
    const reactor = await startReactor(directory, { ...trial.settings, ...shim.preload() });
    const run = trial.load.run(reactor.url);

    for (let at = 1; at <= DEEPEST; at++) await runOutOfSpace(shim, at, seeded.between(1, 20));
    shim.fail(null);

    await run.stop();
    await until(() => isReady(reactor.url), Boolean);
    await trial.load.finish(reactor.url);
    expectOnlyRefusals(trial);
    expect(trial.load.answers.get(503)).toBeGreaterThan(0);
    expect(await reactor.end('SIGTERM')).toEqual({ code: 0, signal: null });
    const { chats, integrity, contradictions, close } = openStored(directory);
    expect(findLostFacts(trial.load.chats, chats)).toEqual([]);
    expect(contradictions()).toEqual([]);
    expect(integrity()).toBe('ok');
    close();
    const answers = Object.fromEntries(trial.load.answers);
    console.info(JSON.stringify({ answers, chats: chats.size }));
    reportReached('failing-writes', { seed: seeded.seed, rounds: DEEPEST, violations: 0 });
  },
  60_000 + DEEPEST * 10_000,
);
