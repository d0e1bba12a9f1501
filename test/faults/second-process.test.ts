import { linkSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { DATABASE_PATH, openStored } from '../helpers/database.ts';
import { deliver, message2026 } from '../helpers/deliver.ts';
import {
  createWorkDir,
  type Exit,
  type Held,
  hold,
  lastWords,
  launch,
  startReactor,
} from '../helpers/process.ts';
import { createSeeded } from '../helpers/seed.ts';
import { reportReached, suiteCount } from '../helpers/suite.ts';
import { runVerb } from '../helpers/verb.ts';
import { mountFile } from '../helpers/volume.ts';

const ROUNDS = suiteCount(6);
const STARTS = 3;

/** Of several that start at once the one that listens; the others, told why they don't, have ended. */
async function findWinner(starting: readonly Held[]): Promise<{ winner: Held; url: string; losers: Held[] }> {
  const outcomes = await Promise.all(
    starting.map(async (process) => ({ process, url: await process.listening.catch(() => null) })),
  );
  const [winner, ...others] = outcomes.filter(({ url }) => url !== null);
  expect(others).toEqual([]); // else two write to one file
  if (winner?.url == null) throw new Error(starting.map((process) => process.output()).join('\n---\n'));
  return {
    ...winner,
    url: winner.url,
    winner: winner.process,
    losers: starting.filter((one) => one !== winner.process),
  };
}

it(
  `lets exactly one of ${STARTS} processes have a database, ${ROUNDS} times, and the next one after its end by kill -9`,
  async () => {
    const { seed } = createSeeded(`SUITE_COUNT=${ROUNDS} npm run test:faults -- second-process`);
    const directory = createWorkDir();
    const chats: string[] = [];
    let next = Array.from({ length: STARTS }, () => hold(directory));
    for (let round = 1; round <= ROUNDS; round++) {
      const starting = next;
      if (round < ROUNDS) next = starting.map(() => hold(directory));
      for (const process of starting) process.go();
      const { winner, url, losers } = await findWinner(starting);
      for (const loser of losers) {
        expect(await loser.exited).toEqual({ code: 1, signal: null } satisfies Exit);
        expect(loser.output()).toContain('another process is using');
      }
      const chatId = `chat-${round}`;
      chats.push(chatId);
      expect((await deliver(url, message2026({ chatId }))).status).toBe(204);
      await winner.end('SIGKILL');
      const stored = openStored(directory);
      expect([...stored.chats.keys()].sort()).toEqual([...chats].sort());
      expect(stored.integrity()).toBe('ok');
      stored.close();
    }
    reportReached('second-process', {
      seed,
      rounds: ROUNDS,
      refused: ROUNDS * (STARTS - 1),
      kills: ROUNDS,
      violations: 0,
    });
  },
  60_000 + ROUNDS * 10_000,
);

/** Ways to the database of a running service that lead around its name. */
const DETOURS: readonly {
  what: string;
  lead: (database: string, to: string) => void;
  refusal: RegExp;
  isSeenWhole?: boolean;
}[] = [
  { what: 'symbolic link', lead: symlinkSync, refusal: /another process is using/, isSeenWhole: true },
  { what: 'hard link', lead: linkSync, refusal: /2 hard links.*find \/ -xdev -samefile .*delete/ },
  {
    what: 'mount of the file alone',
    lead(database, to) {
      writeFileSync(to, '');
      mountFile(database, to, 'rw');
    },
    refusal: /mounted as a single file.*mount its directory instead/,
  },
];

it.each(DETOURS)(
  'a second process that comes by a $what is refused, and nothing that was answered is lost',
  async ({ lead, refusal, isSeenWhole = false }) => {
    const [directory, other] = [createWorkDir(), createWorkDir()];
    const first = await startReactor(directory);
    expect((await deliver(first.url, message2026({ chatId: 'before' }))).status).toBe(204);
    expect(await runVerb(directory, ['backup', join(other, 'whole.db')])).toMatchObject({ code: 0 });
    const detour = join(other, DATABASE_PATH);
    mkdirSync(dirname(detour));
    lead(join(directory, DATABASE_PATH), detour);

    const second = launch(other);
    expect(await second.exited).toEqual({ code: 1, signal: null });
    expect(lastWords(second)).toMatch(refusal);
    for (const args of [
      ['backup', 'copy.db'],
      ['migrate', '--check'],
      ['restore', 'whole.db'],
    ]) {
      const { code, stderr } = await runVerb(other, args);
      if (code !== 0) expect(stderr).toMatch(refusal);
      // one more reader is welcome where it sees all that the service wrote
      expect([...args, code]).toEqual([...args, isSeenWhole && args[0] !== 'restore' ? 0 : 1]);
    }

    expect((await deliver(first.url, message2026({ chatId: 'after' }))).status).toBe(204);
    await first.end('SIGKILL');
    const stored = openStored(directory);
    expect([...stored.chats.keys()].sort()).toEqual(['after', 'before']);
    expect(stored.integrity()).toBe('ok');
    stored.close();
  },
);

it.each(['deleted', 'deleted, and made anew by a second process'])(
  'a process whose lock was %s ends, and answers nothing as kept before it does',
  async (what) => {
    const directory = createWorkDir();
    const first = await startReactor(directory);
    expect((await deliver(first.url, message2026({ chatId: 'before' }))).status).toBe(204);
    rmSync(join(directory, `${DATABASE_PATH}.lock`));
    const second = what === 'deleted' ? null : await startReactor(directory);

    const { status } = await deliver(first.url, message2026({ chatId: 'late' }));
    expect(status).toBe(503);
    expect(await first.exited).toEqual({ code: 1, signal: null });
    expect(lastWords(first)).toMatch(
      /reactor\.db\.lock was (deleted or moved away|replaced by another one).*only one process uses this database, then start again/,
    );
    const left = second ?? (await startReactor(directory));
    expect((await deliver(left.url, message2026({ chatId: 'after' }))).status).toBe(204);
    await left.end('SIGKILL');
    const stored = openStored(directory);
    expect([...stored.chats.keys()]).toEqual(expect.arrayContaining(['after', 'before']));
    expect(stored.integrity()).toBe('ok');
    stored.close();
  },
);
