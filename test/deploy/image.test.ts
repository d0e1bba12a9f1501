import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  cpSync,
  mkdirSync,
  readdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { deliver, message2026 } from '../helpers/deliver.ts';
import { freePort } from '../helpers/free-port.ts';
import { createWorkDir, launch, type Settings } from '../helpers/process.ts';
import { startSimulator } from '../helpers/rig.ts';
import { environmentOf, type Instruction, readDockerfile, stagesOf } from './dockerfile.ts';
import { inTree } from './program.ts';

const [BUILD = [], LAST = []] = stagesOf(readDockerfile(inTree('deploy/docker/Dockerfile')));
const USER = 10_001;
const isRoot = process.getuid?.() === 0;

/**
 * Goes through the Dockerfile's steps in a directory that stands for the image: no engine is at hand where this runs.
 * `npm ci` and the compiling of the native module take minutes, so the packages that are installed here stand in for
 * them; everything after that is done as it is written.
 */
function build(root: string): void {
  const stage = join(root, 'build');
  const app = join(stage, 'app');
  mkdirSync(app, { recursive: true });
  for (const instruction of BUILD) {
    if (instruction.name === 'COPY') copy(instruction, inTree('.'), (to) => join(app, to));
    if (instruction.name !== 'RUN') continue;
    if (/^npm (ci|rebuild) /.test(instruction.text)) installPackages(app);
    else execFileSync('sh', ['-c', instruction.text], { cwd: app, stdio: 'pipe' });
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

/** Hard links, but for npm's own list of what is there, which it writes anew. */
function installPackages(app: string): void {
  const source = realpathSync(inTree('node_modules'));
  const target = join(app, 'node_modules');
  rmSync(target, { recursive: true, force: true });
  const isLinked = spawnSync('cp', ['-alT', source, target]).status === 0;
  if (!isLinked) execFileSync('cp', ['-aT', source, target]); // on another disk
  const list = '.package-lock.json';
  rmSync(join(target, list));
  cpSync(inTree(`node_modules/${list}`), join(target, list));
}

it('the image, built step by step without an engine, serves as nobody from a read-only tree', async () => {
  const root = createWorkDir();
  build(root);
  const image = join(root, 'image');
  expect(readdirSync(join(image, 'app')).sort()).toEqual([
    'LICENSE',
    'dist',
    'migrations',
    'node_modules',
    'package.json',
  ]);
  const packages = readdirSync(join(image, 'app/node_modules'));
  expect(packages).toContain('better-sqlite3');
  for (const development of ['typescript', 'vitest', 'tsx', 'knip'])
    expect(packages).not.toContain(development);

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
  expect(readdirSync(data).sort()).toEqual(['reactor.db', 'reactor.db.lock']);
}, 300_000);
