import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chatsDatabase } from '../chats-database.ts';
import { type BenchContext, roundName } from '../context.ts';
import { MAIN } from '../program.ts';
import { type Result, resultOf } from '../report.ts';
import { startService } from '../service.ts';
import { API_KEY, SECRET } from '../settings.ts';
import { median } from '../stats.ts';

const CHATS = 1_000_000;

/** Times of a bare `node -e 0` that each may take. */
const VERBS: readonly { readonly verb: string; readonly atMost: number }[] = [
  { verb: '--version', atMost: 3 },
  { verb: 'config check', atMost: 3 },
  { verb: 'healthcheck', atMost: 8 },
  { verb: 'status', atMost: 8 },
];
const SERVE_AT_MOST = 20;
const RESIDENT_AT_MOST_MIB = 90;

export async function measureStart(context: BenchContext): Promise<readonly Result[]> {
  return [...(await measureProcesses(context)), await measureLargeStart(context)];
}

/** All sides in turn in each round, so that a slow moment of the machine meets all of them. */
async function measureProcesses({ say, rounds, workDir }: BenchContext): Promise<readonly Result[]> {
  const settings = { LINQ_API_KEY: API_KEY, LINQ_WEBHOOK_SECRET: SECRET };
  const took = new Map<string, number[]>();
  const residentMiB: number[] = [];
  for (let round = 0; round <= rounds; round++) {
    const note = (side: string, startedAt: number) => {
      const ms = performance.now() - startedAt;
      if (round > 0) took.set(side, [...(took.get(side) ?? []), ms]);
      return `${side} ${Math.round(ms)} ms`;
    };
    const directory = join(workDir, `start-${round}`);
    mkdirSync(directory);
    const databasePath = join(directory, 'reactor.db');
    const servedAt = performance.now();
    const service = await startService(databasePath, directory);
    const said = [note('serve', servedAt)];
    if (round > 0) residentMiB.push(service.peakRssMiB());
    const env = { DATABASE_URL: `file:${databasePath}`, PORT: String(service.port), ...settings };
    const run = (side: string, args: readonly string[]) => {
      const startedAt = performance.now();
      const { status } = spawnSync(process.execPath, args, {
        cwd: directory,
        env: { PATH: process.env.PATH, ...env },
      });
      said.push(note(side, startedAt));
      if (status !== 0) throw new Error(`${side} ended with ${status}`);
    };
    try {
      run('bare', ['-e', '0']);
      for (const { verb } of VERBS) run(verb, [fileURLToPath(MAIN), ...verb.split(' ')]);
    } finally {
      await service.stop();
    }
    say(`start: ${roundName(round, rounds)}: ${said.join(', ')}`);
  }
  const ratioOf = (side: string, atMost: number) => {
    const bare = took.get('bare') ?? [];
    const ratios = (took.get(side) ?? []).map((ms, at) => ms / (bare[at] ?? Number.NaN));
    return resultOf({
      row: 'start',
      what: `${side === 'serve' ? 'serve until ready' : side}, to a bare node -e 0`,
      target: { atMost },
      unit: 'ratio',
      measured: median(ratios),
      details: { tookMs: took.get(side), bareMs: bare },
    });
  };
  return [
    ...VERBS.map(({ verb, atMost }) => ratioOf(verb, atMost)),
    ratioOf('serve', SERVE_AT_MOST),
    resultOf({
      row: 'start',
      what: 'serve: most memory until ready',
      target: { atMost: RESIDENT_AT_MOST_MIB },
      unit: 'MiB',
      measured: median(residentMiB),
      details: { residentMiB },
    }),
  ];
}

/** From the start of the process until it says that it is ready, with a million chats in its database. */
async function measureLargeStart({ say, rounds, cacheDir, workDir }: BenchContext): Promise<Result> {
  const databasePath = await chatsDatabase(cacheDir, CHATS, say);
  const tookMs: number[] = [];
  for (let round = 0; round <= rounds; round++) {
    const startedAt = performance.now();
    const service = await startService(databasePath, workDir);
    const ms = performance.now() - startedAt;
    await service.stop();
    say(`start: ${roundName(round, rounds)}: ready after ${Math.round(ms)} ms`);
    if (round > 0) tookMs.push(ms);
  }
  return resultOf({
    row: 'start',
    what: `start with ${CHATS.toLocaleString('en')} chats until ready`,
    target: { atMost: 2_000 },
    unit: 'ms',
    measured: median(tookMs),
    details: { tookMs },
  });
}
