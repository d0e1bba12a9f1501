import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import { openStored } from '../helpers/database.ts';
import { deliver, message2026 } from '../helpers/deliver.ts';
import type { Planned } from '../helpers/deliveries.ts';
import { createWorkDir, hold, type Running, startReactor } from '../helpers/process.ts';
import { findBrokenPromises, findLostFacts } from '../helpers/promises.ts';
import { createSeeded } from '../helpers/seed.ts';
import { findUncalledFor, findWrongStates } from '../helpers/states.ts';
import { reportReached, suiteCount } from '../helpers/suite.ts';
import { createTrial, type Trial } from '../helpers/trial.ts';

const ROUNDS = suiteCount(8);
/** How long a process lives before it is told to stop; most of them live shortly. */
const LIFETIME_MS = [20, 900] as const;
const STOP_LIMIT_MS = 10_000;

/** Stops the service; @returns how long it took */
async function stop(reactor: Running): Promise<number> {
  const before = performance.now();
  expect(await reactor.end('SIGTERM')).toEqual({ code: 0, signal: null });
  return performance.now() - before;
}

/** What was answered 2xx is there and nothing else, so nobody was cut off after a commit; no call is left open. */
function checkStopped({ simulator, load, directory, windowMs }: Trial) {
  const stored = openStored(directory);
  const { chats, attempts, integrity, close } = stored;
  expect(findLostFacts(withoutUnanswered(load.chats), chats)).toEqual([]);
  expect(findBrokenPromises(simulator.calls, attempts, windowMs)).toEqual([]);
  expect(attempts.filter(({ outcome }) => outcome === null)).toEqual([]);
  expect([
    ...findUncalledFor(simulator.calls, load),
    ...findWrongStates(stored),
    ...stored.contradictions(),
  ]).toEqual([]);
  expect(integrity()).toBe('ok');
  close();
  return { chats, attempts };
}

function withoutUnanswered(chats: Trial['load']['chats']): Map<string, Planned[]> {
  const answered = new Map<string, Planned[]>();
  for (const [chatId, planned] of chats) {
    answered.set(
      chatId,
      planned.filter(({ state }) => state === 'acked'),
    );
  }
  return answered;
}

it(
  `loses nothing and leaves nothing open, told to stop ${ROUNDS} times under load`,
  async () => {
    const seeded = createSeeded(`SUITE_COUNT=${ROUNDS} npm run test:faults -- graceful-stop`);
    const trial = await createTrial({ seeded, latencyMs: 200, chatsPerRun: 200 });
    const { load, simulator, directory, settings } = trial;
    let longestMs = 0;
    let next = hold(directory, settings);

    for (let round = 0; round < ROUNDS; round++) {
      const reactor = next;
      next = hold(directory, settings); // loads while that one lives
      reactor.go();
      const run = load.run(await reactor.listening);
      const [shortest, longest] = LIFETIME_MS;
      await delay(shortest + (longest - shortest) * seeded.random() ** 3);
      longestMs = Math.max(longestMs, await stop(reactor));
      await run.ended;
      expect(reactor.log().filter(({ msg }) => msg === 'attempts.interrupted')).toEqual([]);
      const { attempts } = checkStopped(trial);
      expect(attempts.filter(({ outcome }) => outcome !== 'shared')).toEqual([]);
      expect(simulator.calls).toHaveLength(attempts.length);
    }

    expect(longestMs).toBeLessThan(STOP_LIMIT_MS);
    expect(
      [...load.answers.keys()].filter((answer) => ![204, 503, 'refused', 'lost'].includes(answer)),
    ).toEqual([]);
    expect(simulator.calls.length).toBeGreaterThan(0);
    reportReached('graceful-stop', {
      seed: seeded.seed,
      stops: ROUNDS,
      longestMs: Math.round(longestMs),
      chats: load.chats.size,
      acked: load.answers.get(204) ?? 0,
      calls: simulator.calls.length,
      violations: 0,
    });
  },
  60_000 + ROUNDS * 10_000,
);

it('cuts calls that nobody answers, records them as unknown, and still stops in time', async () => {
  const seeded = createSeeded('npm run test:faults -- graceful-stop');
  const trial = await createTrial({ seeded });
  const { load, simulator, directory, settings } = trial;
  simulator.fail({ hang: true });
  const reactor = await startReactor(directory, settings);
  const run = load.run(reactor.url);
  await simulator.when(() => simulator.calls.length === 16);

  expect(await stop(reactor)).toBeLessThan(STOP_LIMIT_MS);

  await run.ended;
  const { attempts } = checkStopped(trial);
  expect(attempts.map(({ outcome }) => outcome)).toEqual(Array(16).fill('unknown'));

  simulator.clearFaults();
  const again = await startReactor(directory, settings);
  await simulator.when(() => attempts.every(({ chatId }) => simulator.sharesOf(chatId).length > 0));
  await stop(again);
  checkStopped(trial);
});

it('waits for no request that is only half there', async () => {
  const reactor = await startReactor(createWorkDir());
  const { hostname, port } = new URL(reactor.url);
  const head = 'POST /webhooks/linq HTTP/1.1\r\nhost: reactor\r\ncontent-type: application/json\r\n';
  const socket = connect(Number(port), hostname, () => socket.write(`${head}content-length: 100\r\n\r\n{`));
  socket.on('error', () => {});
  onTestFinished(() => void socket.destroy());
  const untouched = connect(Number(port), hostname);
  untouched.on('error', () => {});
  onTestFinished(() => void untouched.destroy());
  await once(untouched, 'connect');
  expect((await deliver(reactor.url, message2026())).status).toBe(204); // so both others were taken in before

  expect(await stop(reactor)).toBeLessThan(3_000);
});
