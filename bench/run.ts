import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { writeProfilesTo } from './child.ts';
import type { BenchContext } from './context.ts';
import { buildProgram } from './program.ts';
import { formatTable, type Result } from './report.ts';
import { measureChats } from './rows/chats.ts';
import { measureIngest } from './rows/ingest.ts';
import { measureLateness } from './rows/lateness.ts';
import { measurePeers } from './rows/peers.ts';
import { measurePostgres } from './rows/postgres.ts';
import { measureShares } from './rows/shares.ts';
import { measureStart } from './rows/start.ts';
import { measureStorm } from './rows/storm.ts';

const ROWS: Readonly<Record<string, (context: BenchContext) => Promise<readonly Result[]>>> = {
  ingest: measureIngest,
  shares: measureShares,
  lateness: measureLateness,
  start: measureStart,
  chats: measureChats,
  storm: measureStorm,
  peers: measurePeers,
  postgres: measurePostgres,
};

/** They take longer; the last two need servers. */
const ONLY_WHEN_NAMED: readonly string[] = ['chats', 'peers', 'postgres'];
const BY_DEFAULT = Object.keys(ROWS).filter((row) => !ONLY_WHEN_NAMED.includes(row));

const USAGE = `npm run bench -- [ROW…] [--quick] [--json] [--check] [--no-build] [--profile]

Rows: ${BY_DEFAULT.join(', ')}; all of them by default. Only when named:
      chats: receiving and GET /status with many chats, against an empty database
      peers: this program, BullMQ and graphile-worker make the same calls
      postgres: PostgreSQL beside SQLite, with one replica and with three
  --chats=N   so many for the rows "chats" and "postgres", in place of 1000000
  --quick     fewer and shorter rounds, about a minute in all
  --json      prints the figures as JSON in place of the table
  --check     exits with 1 when a target isn't met
  --no-build  measures dist/ as it is
  --profile   writes a CPU profile of each measured process, which slows it down
`;

const RESULTS = fileURLToPath(new URL('results/', import.meta.url));

async function main(): Promise<number> {
  const { values: options, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      quick: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      check: { type: 'boolean', default: false },
      build: { type: 'boolean', default: true },
      profile: { type: 'boolean', default: false },
      chats: { type: 'string', default: '1000000' },
      help: { type: 'boolean', default: false },
    },
    allowNegative: true,
  });
  if (!/^[1-9]\d*$/.test(options.chats)) {
    process.stderr.write('--chats must be a whole number from 1.\n');
    return 2;
  }
  const unknown = positionals.find((row) => !Object.hasOwn(ROWS, row));
  if (unknown !== undefined || options.help) {
    process.stderr.write(unknown === undefined ? USAGE : `There is no row "${unknown}".\n${USAGE}`);
    return unknown === undefined ? 0 : 2;
  }
  const say = (line: string) => void process.stderr.write(`${line}\n`);
  if (options.build) {
    say('building');
    buildProgram();
  }
  mkdirSync(RESULTS, { recursive: true });
  if (options.profile) writeProfilesTo(join(RESULTS, 'profiles'));
  const rows = positionals.length > 0 ? positionals : BY_DEFAULT;
  const results = await measure(rows, { isQuick: options.quick, chats: Number(options.chats), say });
  const json = JSON.stringify({ ...surroundings(options.quick), results }, null, 2);
  const file = join(RESULTS, `${new Date().toISOString().replaceAll(':', '-')}.json`);
  writeFileSync(file, `${json}\n`);
  process.stdout.write(`${options.json ? json : formatTable(results)}\n`);
  say(`figures of every round: ${file}`);
  return options.check && results.some(({ isMet }) => !isMet) ? 1 : 0;
}

async function measure(
  rows: readonly string[],
  { isQuick, chats, say }: Pick<BenchContext, 'isQuick' | 'chats' | 'say'>,
) {
  const cacheDir = join(tmpdir(), 'contact-card-reactor-bench');
  mkdirSync(cacheDir, { recursive: true });
  const workDir = mkdtempSync(join(cacheDir, 'run-'));
  const results: Result[] = [];
  try {
    for (const row of rows) {
      const context = { isQuick, rounds: isQuick ? 3 : 7, chats, workDir, cacheDir, say };
      results.push(...((await ROWS[row]?.(context)) ?? []));
    }
  } finally {
    rmSync(workDir, { recursive: true, force: true });
  }
  return results;
}

function surroundings(isQuick: boolean): object {
  return {
    at: new Date().toISOString(),
    isQuick,
    node: process.version,
    cores: cpus().length,
    cpu: cpus()[0]?.model,
  };
}

process.exitCode = await main();
