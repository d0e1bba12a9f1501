import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { circlesOf, namesTwice, readSources, type SourceFile } from './imports.ts';
import { type Journeys, measureJourneys } from './journeys.ts';
import { ACCOUNT_HOLDS, PROBLEMS, type Sample, SETTINGS, spreadOf } from './recipes.ts';
import { wrappersOf } from './wrappers.ts';

const USAGE = `npm run house -- [--list] [--json] [--root DIR]

How much of the house one has to walk through: today's figures beside the goals.
  --list      prints the files and names behind each figure, too
  --json      prints all of that as JSON
  --root DIR  measures another tree of this program, such as an older one; it needs its node_modules
`;

interface Figure {
  readonly name: string;
  readonly goal: number;
  readonly today: number;
  /** How it is counted, and what else is worth knowing. */
  readonly note: string;
  /** Why the goal is missed, where that is better than to reach it. */
  readonly reason?: string;
  readonly list: readonly string[];
}

async function main(): Promise<number> {
  const { values: options } = parseArgs({
    options: {
      list: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      root: { type: 'string', default: fileURLToPath(new URL('../..', import.meta.url)) },
      help: { type: 'boolean', default: false },
    },
  });
  if (options.help) {
    process.stderr.write(USAGE);
    return 0;
  }
  const root = resolve(options.root);
  const figures = [...figuresOfJourneys(await measureJourneys(root)), ...figuresOfFiles(root)];
  process.stdout.write(
    options.json ? `${JSON.stringify(figures, null, 2)}\n` : inWords(figures, options.list),
  );
  return 0;
}

function figuresOfJourneys(journeys: Journeys): readonly Figure[] {
  const ran = (
    name: string,
    goal: number,
    runs: readonly (readonly string[])[],
    how: string,
    reason?: string,
  ): Figure => {
    const list = median(runs);
    const counts = runs.map(({ length }) => length).join(', ');
    const why = reason === undefined ? {} : { reason };
    return { name, goal, today: list.length, note: `${how}: ${counts}`, ...why, list };
  };
  const turn = median(journeys.deliveryAndTurn).length;
  const wrapped = [...journeys.recordStacks, ...journeys.lookStacks]
    .map((stack) => wrappersOf(stack, journeys.scripts))
    .sort((one, other) => other.length - one.length);
  const most = wrapped[0] ?? [];
  return [
    ran(
      'files that run from a webhook to its 204',
      32,
      journeys.delivery,
      `until the answer is out, sharing paused (${turn} with the dispatcher's look after it)`,
      'three are subjects of their own: one request per turn of the event loop, the log copied in a thread, the attempts in progress',
    ),
    ran(
      'files that run for a delivery and its share',
      45,
      journeys.share,
      'until attempt.settled is logged',
      'each is a step or a rule of its own, and what a reader still opens together (the book of holds and its keeper, the plan of a turn and the turn) would be files of more than 400 lines',
    ),
    ran(
      'files that run to explain a chat as JSON',
      16,
      journeys.json,
      'GET /status/chats/{chatId}',
      'six are what every request passes (server, login, clock, metrics) and six what every chat is read through (with faults and a corrected clock applied); the rest are the rules and the words',
    ),
    ran('files that run to explain a chat as a page', 36, journeys.page, 'GET /chats/{chatId}'),
    {
      name: 'wrappers around a store call',
      goal: 2,
      today: most.length,
      note: 'functions that only run what they were handed, between the caller and the statement; most of any statement of a delivery or of a look at a chat',
      list: most,
    },
  ];
}

function figuresOfFiles(root: string): readonly Figure[] {
  const sources = readSources(join(root, 'src'));
  const circles = circlesOf(sources);
  const tracked = execFileSync('git', ['ls-files', '-z', '-c', '-o', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  })
    .split('\0')
    .filter((name) => name !== '');
  const inSrc = [...new Set(tracked)].filter((name) => name.startsWith('src/'));
  const twice = namesTwice(inSrc);
  const read = (name: string): SourceFile => ({ name, text: readFileSync(join(root, name), 'utf8') });
  const ofCode = inSrc.filter((name) => /\.[jt]s$/.test(name)).map(read);
  const everywhere = [...new Set(tracked)]
    .filter((name) => /^(src|test|docs|deploy)\/|^[^/]+\.md$/.test(name))
    .filter((name) => /\.(ts|js|mjs|md|yml|json|css)$/.test(name))
    .filter((name) => !name.startsWith('test/house/'));
  return [
    {
      name: 'circles of imports',
      goal: 0,
      today: circles.length,
      note: 'type imports count',
      list: circles.map((circle) => circle.join(' ')),
    },
    {
      name: 'files in src',
      goal: 270,
      today: inSrc.length,
      note: `${inSrc.filter((name) => name.endsWith('.ts')).length} of them .ts`,
      reason: `the store in PostgreSQL has ${inSrc.filter((name) => name.startsWith('src/store/postgres/')).length} of them`,
      list: [],
    },
    {
      name: 'file names that occur twice in src',
      goal: 8,
      today: twice.length,
      note: 'whatever the folder',
      reason:
        'both stores name the file of a table alike, so knowing one means knowing where things are in the other',
      list: twice,
    },
    recipe('source files for a new account hold', 4, ACCOUNT_HOLDS, ofCode),
    recipe('source files for a new setting', 3, SETTINGS, ofCode),
    recipe('files for a new problem code', 7, PROBLEMS, everywhere.map(read)),
  ];
}

function recipe(
  name: string,
  goal: number,
  samples: readonly Sample[],
  files: readonly SourceFile[],
): Figure {
  const spreads = spreadOf(samples, files);
  const [least, most] = [spreads[0], spreads.at(-1)];
  return {
    name,
    goal,
    today: least?.files.length ?? 0,
    note: `files that name ${least?.name}, the least spread of ${samples.length}; the most: ${most?.name} in ${most?.files.length}`,
    list: spreads.map((spread) => `${spread.name} (${spread.files.length}): ${spread.files.join(' ')}`),
  };
}

/** Of several runs, the one with the middle number of files: a timer that fires beside it makes some longer. */
function median(runs: readonly (readonly string[])[]): readonly string[] {
  const sorted = [...runs].sort((one, other) => one.length - other.length);
  return sorted[Math.floor(sorted.length / 2)] ?? [];
}

function inWords(figures: readonly Figure[], isListing: boolean): string {
  const width = Math.max(...figures.map(({ name }) => name.length));
  const lines = figures.flatMap(({ name, today, goal, note, reason, list }) => [
    `${today <= goal ? 'yes' : 'NO '}  ${String(today).padStart(3)}  (goal ${String(goal).padStart(3)})  ${name.padEnd(width)}  ${note}`,
    ...(today > goal && reason !== undefined ? [`     because ${reason}`] : []),
    ...(isListing ? list.map((entry) => `       ${entry}`) : []),
  ]);
  return `${lines.join('\n')}\n`;
}

process.exitCode = await main();
