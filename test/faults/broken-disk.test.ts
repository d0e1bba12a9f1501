import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openSqlite } from '../../src/store/sqlite/native.js';
import { DATABASE_PATH, openStored } from '../helpers/database.ts';
import { deliver, message2026 } from '../helpers/deliver.ts';
import { lastWords, launch, type Reactor, startReactor } from '../helpers/process.ts';
import { findLostFacts } from '../helpers/promises.ts';
import { createSeeded } from '../helpers/seed.ts';
import { ask, isReady, until } from '../helpers/status.ts';
import { reportReached } from '../helpers/suite.ts';
import { createTrial, type Trial } from '../helpers/trial.ts';

const RERUN = 'npm run test:faults -- broken-disk';
const FAILED = { code: 1, signal: null };

/** Waits for the end that the service gives itself; nobody was answered anything but 204 and 503 before. */
async function expectToEnd(reactor: Reactor, { load }: Trial): Promise<void> {
  expect(await reactor.exited).toEqual(FAILED);
  expect(reactor.log().map(({ msg }) => msg)).toContain('store.broken');
  const answers = [...load.answers.keys()].filter((answer) => typeof answer === 'number');
  expect(answers.sort()).toEqual([204, 503]);
}

describe('a disk that fails', () => {
  it('ends the service with 1 after answers of 503; nothing that was answered before is lost', async () => {
    const seeded = createSeeded(RERUN);
    const trial = await createTrial({ seeded, chatsPerRun: 10_000 });
    const { load, directory, settings } = trial;
    // writing past the limit fails with EFBIG, which SQLite takes for a failing disk
    const reactor = await startReactor(directory, settings, ['prlimit', '--fsize=2000000']);
    const run = load.run(reactor.url);

    await expectToEnd(reactor, trial);

    await run.ended;
    expect(lastWords(reactor)).toMatch(/the disk failed .* check the disk/);
    const mended = await startReactor(directory, settings);
    await load.finish(mended.url);
    expect(await mended.end('SIGTERM')).toEqual({ code: 0, signal: null });
    const { chats, integrity, close } = openStored(directory);
    expect(findLostFacts(load.chats, chats)).toEqual([]);
    expect(integrity()).toBe('ok');
    close();
    reportReached('broken-disk', { seed: seeded.seed, chats: chats.size, violations: 0 });
  });
});

describe('a database that is damaged while the service runs', () => {
  it('ends it with 1 after answers of 503, is named at the next start, and is never replaced', async () => {
    const trial = await createTrial({ seeded: createSeeded(RERUN), chatsPerRun: 2_000 });
    const { load, directory, settings } = trial;
    const path = join(directory, DATABASE_PATH);
    const first = await startReactor(directory, settings);
    const filling = load.run(first.url);
    await until(
      async () => load.chats.size,
      (size) => size >= 500,
    );
    await filling.stop();
    await first.end('SIGTERM');

    const reactor = await startReactor(directory, settings);
    const { size } = statSync(path);
    const header = readFileSync(path).subarray(0, 4096);
    writeFileSync(path, Buffer.concat([header, Buffer.alloc(size - header.length, 0xa5)]));
    const run = load.run(reactor.url);
    await expectToEnd(reactor, trial);
    await run.ended;
    expect(lastWords(reactor)).toMatch(/damaged.*restore a backup/);

    const damaged = readFileSync(path);
    const next = launch(directory, settings);
    expect(await next.exited).toEqual(FAILED);
    expect(lastWords(next)).toMatch(/damaged.*restore a backup/);
    expect(readFileSync(path).equals(damaged)).toBe(true);
  });
});

describe('a database that another program writes to', () => {
  it('is answered 503 and told by /readyz; both end when the other has finished', async () => {
    const { directory, settings } = await createTrial({ seeded: createSeeded(RERUN) });
    const reactor = await startReactor(directory, settings);
    const other = openSqlite(join(directory, DATABASE_PATH));
    other.exec('BEGIN IMMEDIATE');

    expect((await deliver(reactor.url, message2026())).status).toBe(503);
    const notReady = await until(
      () => ask(reactor.url, '/readyz'),
      ({ status }) => status === 503,
    );
    expect(notReady.body).toMatchObject({ message: expect.stringMatching(/busy/) });

    other.exec('ROLLBACK');
    other.close();
    expect((await deliver(reactor.url, message2026())).status).toBe(204);
    expect(await until(() => isReady(reactor.url), Boolean)).toBe(true);
  });
});
