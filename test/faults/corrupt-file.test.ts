import { realpathSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { differing, type Image, readImage, writeImage } from '../helpers/crash-image.ts';
import { DATABASE_PATH, openStored } from '../helpers/database.ts';
import { deliver, message2026 } from '../helpers/deliver.ts';
import { createWorkDir, lastWords, launch, startReactor } from '../helpers/process.ts';
import { findLostFacts } from '../helpers/promises.ts';
import { createSeeded, type Seeded } from '../helpers/seed.ts';
import { ask, TOKEN, until } from '../helpers/status.ts';
import { reportReached, suiteCount } from '../helpers/suite.ts';
import { createTrial, type Trial } from '../helpers/trial.ts';

const DAMAGES = suiteCount(10);
const RERUN = `SUITE_COUNT=${DAMAGES} npm run test:faults -- corrupt-file`;
const ENDED = { code: 1, signal: null };
const REMEDY = /damaged.*restore a backup|restore a backup, or choose another|put (it|back)/;
const FILE = 'reactor.db';
const LOG = 'reactor.db-wal';

/** Fills a database: most of it stands in the file, and what came last before a kill in the log. */
async function fill({ load, settings }: Trial, directory: string): Promise<void> {
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    const reactor = await startReactor(directory, settings);
    const run = load.run(reactor.url);
    const before = load.chats.size;
    await until(
      async () => load.chats.size,
      (size) => size >= before + 100,
      { everyMs: 5, tries: 4_000 },
    );
    if (signal === 'SIGTERM') await run.stop();
    await reactor.end(signal);
    await run.ended;
  }
}

type Damage = { readonly name: string; readonly how: 'flipped' | 'cut'; readonly image: Image };

/** One bit of the file or its log is another, or it ends early. */
function damage(image: Image, { pick, between }: Seeded): Damage {
  const name = pick([FILE, FILE, LOG]) ?? FILE;
  const how = pick(['flipped', 'cut'] as const) ?? 'flipped';
  const bytes = Buffer.from(image.get(name) ?? []);
  const at = between(0, bytes.length - 1);
  if (how === 'flipped') bytes.writeUInt8(bytes.readUInt8(at) ^ (1 << between(0, 7)), at);
  return { name, how, image: new Map(image).set(name, how === 'cut' ? bytes.subarray(0, at) : bytes) };
}

/** Uses every part of what is stored; a service that finds damage in it may end. */
async function use(url: string): Promise<void> {
  const [{ status }, list] = await Promise.all([
    deliver(url, message2026()),
    ask(url, '/status/chats?limit=200', { headers: TOKEN }),
  ]);
  expect([204, 503]).toContain(status);
  expect([200, 503]).toContain(list.status);
}

/**
 * Starts the service on a damaged database, and holds it to what it may do: refuse or end with a sentence that says
 * what to do, or go on.
 */
async function judge(
  image: Image,
  { settings, load }: Trial,
): Promise<'refused' | 'ended' | 'whole' | 'less'> {
  const directory = realpathSync(createWorkDir());
  writeImage(image, directory);
  const running = launch(directory, settings);
  const url = await running.listening.catch(() => null);
  if (url !== null) {
    await Promise.race([use(url), running.exited]);
    await Promise.race([running.exited, delay(700)]); // a damage that was met ends it within half a second
  }
  const exit = await running.end('SIGTERM');
  if (exit.code !== 0) {
    const said = lastWords(running);
    expect({ exit, said }).toEqual({ exit: ENDED, said: expect.stringMatching(REMEDY) });
    const left = readImage(directory);
    // never replaced: a file that is a database already doesn't shrink
    expect(left.get(FILE)?.length).toBeGreaterThanOrEqual(image.get(FILE)?.length ?? Number.NaN);
    // damage that the opening doesn't look for may be met before it listens, but after its first write
    return url === null && differing(left, image).length === 0 ? 'refused' : 'ended';
  }
  const { chats, close } = openStored(directory);
  const isLess = findLostFacts(load.chats, chats).length > 0;
  close();
  return isLess ? 'less' : 'whole';
}

it(
  `goes on or says what to do, never crashes and never replaces anything, after ${DAMAGES} damages`,
  async () => {
    const seeded = createSeeded(RERUN);
    const trial = await createTrial({ seeded, chatsPerRun: 10_000 });
    const directory = realpathSync(trial.directory);
    await fill(trial, directory);
    const image = readImage(directory);
    const seen = { refused: 0, ended: 0, whole: 0, less: 0, lessByLog: 0 };
    expect(await judge(image, trial)).toBe('whole'); // so that it is the damage that shows below

    for (let round = 0; round < DAMAGES; round++) {
      const damaged = damage(image, seeded);
      const outcome = await judge(damaged.image, trial);
      seen[outcome]++;
      if (outcome === 'less' && damaged.name === LOG) seen.lessByLog++;
      // SQLite takes damage in its log for the end of it, and no checksum covers what a row says; that a file was cut the
      // opening notices, and it writes nothing
      if (damaged.name === FILE && damaged.how === 'cut') expect(['refused', 'whole']).toContain(outcome);
    }
    reportReached('corrupt-file', { seed: seeded.seed, damages: DAMAGES, ...seen, violations: 0 });
  },
  60_000 + DAMAGES * 10_000,
);

it('a log that is deleted after a kill is missed, and nothing is lost once it is back', async () => {
  const seeded = createSeeded(RERUN);
  const trial = await createTrial({ seeded, chatsPerRun: 10_000 });
  const directory = realpathSync(trial.directory);
  await fill(trial, directory);
  const image = readImage(directory);

  const log = join(directory, dirname(DATABASE_PATH), LOG);
  rmSync(log);
  const without = readImage(directory);
  const refused = launch(directory, trial.settings);
  expect(await Promise.race([refused.exited, refused.listening.catch(() => refused.exited)])).toEqual(ENDED);
  expect(lastWords(refused)).toMatch(/-wal is missing.*put it back/);
  expect(differing(readImage(directory), without)).toEqual([]);

  writeFileSync(log, image.get(LOG) ?? '');
  const back = await startReactor(directory, trial.settings);
  expect(await back.end('SIGTERM')).toEqual({ code: 0, signal: null });
  const { chats, integrity, close } = openStored(directory);
  expect(findLostFacts(trial.load.chats, chats)).toEqual([]);
  expect(integrity()).toBe('ok');
  close();
});
