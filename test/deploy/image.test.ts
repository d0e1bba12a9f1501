import { execFile, execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { deliver, message2026, SECRET } from '../helpers/deliver.ts';
import { freePort } from '../helpers/free-port.ts';
import { API_KEY, createWorkDir, launch, type Settings } from '../helpers/process.ts';
import { startSimulator } from '../helpers/rig.ts';
import { environmentOf, type Instruction, readDockerfile, stagesOf } from './dockerfile.ts';
import { inTree } from './program.ts';

const [BUILD = [], LAST = []] = stagesOf(readDockerfile(inTree('deploy/docker/Dockerfile')));
const USER = 10_001;
const isRoot = process.getuid?.() === 0;

/**
 * Goes through the Dockerfile's steps in a directory that stands for the image: no engine is at hand where this runs.
 * `npm ci` and the compiling of the native module take minutes, so the packages that are installed here stand in for
 * them; everything after that is done as it is written, and so is making and installing the archive.
 */
function build(root: string): void {
  const stage = join(root, 'build');
  const app = join(stage, 'app');
  for (const there of [app, join(stage, 'opt')]) mkdirSync(there, { recursive: true });
  // without what the npm that runs this passes on, which is about another directory
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('npm_'));
  const env = { ...Object.fromEntries(inherited), npm_config_prefer_offline: 'true' };
  for (const instruction of BUILD) {
    if (instruction.name === 'COPY') copy(instruction, inTree('.'), (to) => join(app, to));
    if (instruction.name !== 'RUN') continue;
    const command = instruction.text.replaceAll(/(?<= )\/(?=(?:app|opt)\b)/g, `${stage}/`);
    if (/^npm (ci|rebuild) /.test(command)) linkPackages(app);
    else execFileSync('sh', ['-c', command], { cwd: app, env, stdio: 'pipe' });
  }
  for (const instruction of LAST) {
    const from = instruction.flags.from === 'build' ? stage : inTree('.');
    if (instruction.name === 'COPY') copy(instruction, from, (to) => join(root, 'image', to));
  }
}

function copy({ words }: Instruction, from: string, place: (to: string) => string): void {
  const [to = '', ...paths] = [...words].reverse();
  for (const path of paths) {
    const isInto = to.endsWith('/') || words.length > 2;
    const target = isInto ? join(place(to), path) : place(to);
    mkdirSync(dirname(target), { recursive: true });
    cpSync(join(from, path), target, { recursive: true, verbatimSymlinks: true });
  }
}

function linkPackages(app: string): void {
  const target = join(app, 'node_modules');
  rmSync(target, { force: true });
  symlinkSync(realpathSync(inTree('node_modules')), target);
}

interface Ended {
  readonly code: number;
  readonly output: string;
}

/** Runs the command that npm installed, in a directory without settings. */
const runInstalled = (command: string, directory: string, args: readonly string[]): Promise<Ended> =>
  new Promise((resolve) => {
    const env = { PATH: process.env.PATH };
    execFile(command, args, { cwd: directory, env }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), output: stdout + stderr }),
    );
  });

/** All files below a directory, by their paths from it. */
const filesIn = (directory: string) =>
  readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => relative(directory, join(parentPath, name)));

describe('the archive, made and installed as the Dockerfile says', () => {
  const root = mkdtempSync(join(tmpdir(), 'contact-card-reactor-'));
  const installed = join(root, 'build/opt/lib/node_modules/contact-card-reactor');
  const command = join(root, 'build/opt/bin/contact-card-reactor');
  beforeAll(() => build(root), 300_000);
  afterAll(() => rmSync(root, { recursive: true, force: true }));

  it('holds the program with its source maps, and neither tests nor sources', () => {
    const [own, packages] = [true, false].map((isOwn) =>
      filesIn(installed).filter((path) => path.startsWith('node_modules/') !== isOwn),
    ) as [string[], string[]];
    const ofDist = (paths: readonly string[]) =>
      paths.map((path) => path.replace(/^dist\/|-[A-Z0-9]{8}(?=\.js)/g, '')).sort(); // names contain a hash
    const built = filesIn(inTree('dist')).filter((path) => !path.startsWith('bench-'));
    expect(ofDist(own.filter((path) => path.startsWith('dist/')))).toEqual(ofDist(built));
    for (const script of own.filter((path) => /^dist\/[^/]*\.js$/.test(path)))
      expect(own).toContain(`${script}.map`);
    const migrations = filesIn(inTree('migrations')).filter((path) => !path.endsWith('_snapshot.json'));
    expect(own.filter((path) => path.startsWith('migrations/')).sort()).toEqual(
      migrations.map((path) => `migrations/${path}`).sort(),
    );
    expect(own.filter((path) => /\.ts$|test|node_modules/.test(path))).toEqual([]);
    const names = packages.filter((path) => /node_modules\/(@[^/]+\/)?[^/]+\/package\.json$/.test(path));
    expect(names.length).toBeGreaterThan(2);
    expect(names.length).toBeLessThanOrEqual(60);
    const bytes = filesIn(installed).reduce((sum, path) => sum + statSync(join(installed, path)).size, 0);
    expect(bytes).toBeLessThan(60e6);
  });

  it('has a command whose verbs all run', async () => {
    const directory = createWorkDir();
    const { output: help } = await runInstalled(command, directory, ['--help']);
    const verbs = [...(help.split('Commands:')[1] ?? '').matchAll(/^ {2}([a-z-]+)/gm)].map(
      ([, verb = '']) => [verb],
    );
    expect(verbs.length).toBeGreaterThan(15);
    const told = await inTurns(verbs, ([verb = '']) => runInstalled(command, directory, [verb, '--help']));
    for (const { code, output } of told)
      expect({ code, output }).toEqual({ code: 0, output: expect.stringContaining('Usage:') });
    const alone: readonly (readonly [args: string, code: number, output: RegExp])[] = [
      ['--version', 0, /^\d+\.\d+\.\d+\n$/],
      ['config show', 0, /^SHARE_WINDOW /m],
      ['config check', 3, /LINQ_API_KEY/],
      ['completion bash', 0, /complete /],
      ['event sign --example probe', 3, /LINQ_WEBHOOK_SECRET/],
      ['status', 5, /Nothing answers/],
    ];
    const ran = await inTurns(alone, ([args]) => runInstalled(command, directory, args.split(' ')));
    for (const [at, [args, code, output]] of alone.entries())
      expect({ args, ...ran[at] }).toEqual({ args, code, output: expect.stringMatching(output) });
  });

  it('names lines of the sources in stack traces', async () => {
    const directory = createWorkDir();
    const breaks = 'data:text/javascript,process.stdout.write = () => { throw new Error("broken") }';
    const env = { PATH: process.env.PATH };
    const args = ['--import', breaks, command, 'config', 'show'];
    const { stderr } = spawnSync(process.execPath, args, { cwd: directory, env, encoding: 'utf8' });
    expect(stderr).toMatch(/^Error: broken\n(.*\n)* .*src\/cli\/verbs\/config\.ts:\d+:\d+/);
  });

  it('says what is missing from an incomplete installation, and what to do', async () => {
    const directory = createWorkDir();
    for (const path of ['dist/status/page/assets/live.js', 'migrations/0001_upkeep.sql']) {
      const file = join(installed, path);
      renameSync(file, `${file}.away`);
      try {
        const settings = { LINQ_API_KEY: API_KEY, LINQ_WEBHOOK_SECRET: SECRET, PORT: '0' };
        const env = { PATH: process.env.PATH, ...settings };
        const { status, stderr } = spawnSync(command, ['serve'], { cwd: directory, env, encoding: 'utf8' });
        expect({ status, stderr }).toEqual({
          status: 1,
          stderr: `The installation is incomplete, since ${path} is missing: install the program again with \`npm install -g contact-card-reactor\`.\n`,
        });
      } finally {
        renameSync(`${file}.away`, file);
      }
    }
  });

  it('serves, as the image, as nobody from a read-only tree', () => serveAsNobody(root), 120_000);
});

/** A few at once. */
async function inTurns<T, R>(items: readonly T[], run: (item: T) => Promise<R>): Promise<readonly R[]> {
  const results: R[] = [];
  const queue = [...items.entries()];
  const work = async () => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift())
      results[next[0]] = await run(next[1]);
  };
  await Promise.all([work(), work(), work()]);
  return results;
}

async function serveAsNobody(root: string): Promise<void> {
  const image = join(root, 'image');
  expect(readdirSync(join(image, 'app')).sort()).toEqual([
    ...['LICENSE', 'dist', 'migrations', 'node_modules', 'package.json'],
  ]);
  expect(readdirSync(join(image, 'app/node_modules/better-sqlite3')).sort()).not.toContain('deps');
  const licenses = readFileSync(join(image, 'app/dist/LICENSES.txt'), 'utf8');
  expect(licenses).toMatch(/^fastify [\d.]+ \(MIT\)\n\n[\s\S]{500}/m); // of each package in the bundle, with its text
  const data = join(root, 'data');
  mkdirSync(data, { mode: 0o700 });
  if (isRoot) chownSync(data, USER, USER);
  execFileSync('chmod', ['-R', 'a-w,a+rX', image]);
  onTestFinished(() => void execFileSync('chmod', ['-R', 'u+w', image])); // so that it can be removed
  chmodSync(root, 0o711);
  const inPlace = (word: string) =>
    word.replace(
      /^(file:)?\/(app|data)(?=\/)/,
      (_, scheme = '', top) => `${scheme}${top === 'app' ? join(image, 'app') : data}`,
    );

  const simulator = await startSimulator();
  const environment = Object.entries(environmentOf(LAST)).map(([name, value]) => [name, inPlace(value)]);
  const settings: Settings = {
    ...Object.fromEntries(environment),
    HOST: '127.0.0.1', // the image's own, all addresses, is for the network of a container
    PORT: String(await freePort()),
    LINQ_API_BASE_URL: simulator.baseUrl,
  };
  const wordsOf = (name: string) =>
    LAST.find((instruction) => instruction.name === name)?.words.map(inPlace) ?? [];
  const drop = isRoot
    ? [
        'setpriv',
        `--reuid=${USER}`,
        `--regid=${USER}`,
        '--clear-groups',
        '--bounding-set=-all',
        '--inh-caps=-all',
        '--no-new-privs',
      ]
    : [];
  const [node = '', main = ''] = wordsOf('ENTRYPOINT');
  expect(node).toBe('node');
  const link = join(root, 'contact-card-reactor');
  symlinkSync(main, link);
  const [command = '', ...args] = [...drop, process.execPath];
  const check = () =>
    spawnSync(command, [...args, link, ...wordsOf('HEALTHCHECK').slice(2)], {
      cwd: data,
      env: { PATH: process.env.PATH, ...settings },
    });

  expect(check().status).toBe(5);
  const reactor = launch(data, settings, drop, main);
  const url = await reactor.listening;
  expect((await deliver(url, message2026())).status).toBe(204);
  expect(check().status).toBe(0);
  expect(await reactor.end('SIGTERM')).toEqual({ code: 0, signal: null });
  expect(readdirSync(join(data, 'data')).sort()).toEqual(['reactor.db', 'reactor.db.lock']);
}
