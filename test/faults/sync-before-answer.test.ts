import { realpathSync } from 'node:fs';
import { expect, it } from 'vitest';
import { deliver, message2026 } from '../helpers/deliver.ts';
import { createDiskShim, type DiskCall } from '../helpers/disk-shim.ts';
import { createWorkDir, startReactor } from '../helpers/process.ts';
import { createSeeded } from '../helpers/seed.ts';
import { reportReached } from '../helpers/suite.ts';
import { createTrial } from '../helpers/trial.ts';

/** Share calls to wait for: by then many deliveries were answered. */
const CALLS = 100;

const isLog = ({ name }: DiskCall) => name.endsWith('-wal');
const isAnswer = ({ kind, data }: DiskCall) => kind === 'sent' && data.toString() === 'HTTP/1.1 204';
const isShareCall = ({ kind, data }: DiskCall) => kind === 'sent' && data.toString().startsWith('POST /');

/** What went out while the log held writes that no sync had followed, by its place among the calls. */
function findSentUnsynced(calls: readonly DiskCall[]): number[] {
  const found: number[] = [];
  let isSynced = true;
  for (const [index, call] of calls.entries()) {
    if (isLog(call) && (call.kind === 'write' || call.kind === 'truncate')) isSynced = false;
    else if (isLog(call) && call.kind === 'sync') isSynced = true;
    else if (call.kind === 'sent' && !isSynced) found.push(index);
  }
  return found;
}

it('answers 204 only after a commit of its own, the last write of which was synced', async () => {
  const directory = realpathSync(createWorkDir());
  const shim = createDiskShim(directory);
  const reactor = await startReactor(directory, shim.preload());
  const deliveries = 50;
  for (let i = 0; i < deliveries; i++) {
    // no share follows from it, so nothing but the delivery is written
    expect((await deliver(reactor.url, message2026({ service: 'SMS' }))).status).toBe(204);
  }
  await reactor.end('SIGKILL');

  const calls = shim.calls();
  const answers = calls.flatMap((call, index) => (isAnswer(call) ? [index] : []));
  expect(answers).toHaveLength(deliveries);
  for (const answer of answers) {
    const delivery = calls.findLastIndex(({ kind }, index) => kind === 'received' && index < answer);
    const before = calls.slice(delivery, answer).filter(isLog);
    expect(before.map(({ kind }) => kind)).toContain('write');
    expect(before.at(-1)?.kind).toBe('sync');
  }
});

it('sends no answer and no share call, under load, while anything written is not synced', async () => {
  const seeded = createSeeded('npm run test:faults -- sync-before-answer');
  const trial = await createTrial({ seeded, chatsPerRun: 300 });
  const directory = realpathSync(trial.directory);
  const shim = createDiskShim(directory);
  const reactor = await startReactor(directory, { ...trial.settings, ...shim.preload() });
  const run = trial.load.run(reactor.url);
  await trial.simulator.when(() => trial.simulator.calls.length >= CALLS);
  await run.stop();
  await reactor.end('SIGKILL');

  const calls = shim.calls();
  expect(findSentUnsynced(calls)).toEqual([]);
  const answers = calls.filter(isAnswer).length;
  expect(answers).toBeGreaterThanOrEqual(trial.load.answers.get(204) ?? Number.NaN);
  expect(calls.filter(isShareCall).length).toBeGreaterThanOrEqual(CALLS);
  const syncs = calls.filter((call) => isLog(call) && call.kind === 'sync').length;
  reportReached('sync-before-answer', { seed: seeded.seed, answers, syncs, violations: 0 });
});
