import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { DATABASE_PATH, openStored } from '../helpers/database.ts';
import { launch, startReactor } from '../helpers/process.ts';
import { findBrokenPromises, findLostFacts } from '../helpers/promises.ts';
import { createSeeded } from '../helpers/seed.ts';
import { ask, isReady, readOverview, until } from '../helpers/status.ts';
import { reportReached } from '../helpers/suite.ts';
import { createTrial } from '../helpers/trial.ts';
import { mountVolume } from '../helpers/volume.ts';

const RERUN = 'npm run test:faults -- full-disk';
const SMALL = 2;
const LARGE = 64;

it('answers 503 while the disk is full, loses nothing, and goes on by itself once there is space', async () => {
  const seeded = createSeeded(RERUN);
  const trial = await createTrial({ seeded, chatsPerRun: 10_000 });
  const { simulator, load, directory, settings, windowMs } = trial;
  const volume = mountVolume(dirname(join(directory, DATABASE_PATH)), SMALL);
  const reactor = await startReactor(directory, settings);
  const startedAt = performance.now();

  const run = load.run(reactor.url);
  const refusals = async () => load.answers.get(503) ?? 0;
  await until(refusals, (count) => count > 100);
  const notReady = await until(
    () => ask(reactor.url, '/readyz'),
    ({ status }) => status === 503,
  );
  expect(notReady.body).toMatchObject({ code: 'NOT_READY', message: expect.stringMatching(/full/) });
  expect((await ask(reactor.url, '/healthz')).status).toBe(200);
  const { problems } = await until(
    () => readOverview(reactor.url),
    ({ ok }) => !ok, // while its log makes room for them, writes may work for a moment
  );
  expect(problems).toContainEqual(expect.objectContaining({ code: 'store_failing', severity: 'error' }));
  const failedTurns = () => reactor.log().filter(({ msg }) => msg === 'turn.failed').length;
  const progress = async () => ({ failed: failedTurns(), calls: simulator.calls.length });
  let lastCall = await progress();
  const idle = await until(progress, (now) => {
    if (now.calls !== lastCall.calls) lastCall = now;
    return now.failed > lastCall.failed + 1; // nothing is called that could not be written down
  });
  await run.stop();
  const acked = load.answers.get(204) ?? 0;
  expect(acked).toBeGreaterThan(0);
  const statuses = [...load.answers.keys()].filter((answer) => typeof answer === 'number');
  expect(statuses.sort()).toEqual([204, 503]); // a starved machine may be too slow for an answer at all
  const seconds = (performance.now() - startedAt) / 1000;
  expect(reactor.log().filter(({ msg }) => msg === 'delivery.failed').length).toBeLessThan(
    10 * (seconds + 2),
  );

  volume.resize(LARGE);
  await until(() => isReady(reactor.url), Boolean);
  await simulator.when(() => simulator.calls.length > idle.calls); // without any delivery to wake it
  await load.finish(reactor.url);
  await until(
    async () => (await readOverview(reactor.url)).chats,
    ({ total, byState }) => total === load.chats.size && byState.done === total,
  );
  await until(
    () => readOverview(reactor.url),
    (overview) => overview.problems.length === 0,
  );
  expect(await reactor.end('SIGTERM')).toEqual({ code: 0, signal: null });

  const { chats, attempts, integrity, close } = openStored(directory);
  expect(findLostFacts(load.chats, chats)).toEqual([]);
  expect(findBrokenPromises(simulator.calls, attempts, windowMs)).toEqual([]);
  expect(integrity()).toBe('ok');
  close();
  reportReached('full-disk', {
    seed: seeded.seed,
    acked,
    refused: await refusals(),
    chats: chats.size,
    calls: simulator.calls.length,
    violations: 0,
  });
});

it('killed on a full disk, it says what is missing at the next start and loses nothing', async () => {
  const seeded = createSeeded(RERUN);
  const { load, directory, settings } = await createTrial({ seeded, chatsPerRun: 10_000 });
  const volume = mountVolume(dirname(join(directory, DATABASE_PATH)), SMALL);
  const reactor = await startReactor(directory, settings);
  const run = load.run(reactor.url);
  await until(
    async () => load.answers.get(503) ?? 0,
    (count) => count > 100,
  );
  await reactor.end('SIGKILL');
  await run.ended;

  const early = launch(directory, settings);
  const outcome = await Promise.race([early.exited, early.listening]);
  expect(outcome).toEqual({ code: 1, signal: null });
  expect(early.output()).toMatch(/no space|full/i);

  volume.resize(LARGE);
  const later = await startReactor(directory, settings);
  await load.finish(later.url);
  expect(await later.end('SIGTERM')).toEqual({ code: 0, signal: null });
  const { chats, integrity, close } = openStored(directory);
  expect(findLostFacts(load.chats, chats)).toEqual([]);
  expect(integrity()).toBe('ok');
  close();
  reportReached('full-disk-kill', { seed: seeded.seed, kills: 1, chats: chats.size, violations: 0 });
});
