import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { SECRET } from '../helpers/deliver.ts';
import { createWorkDir, type Settings, startReactor } from '../helpers/process.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const MAIN = join(ROOT, 'dist/main.js');
const NEEDED: Settings = {
  LINQ_API_KEY: 'a-key-of-this-test',
  LINQ_API_BASE_URL: 'http://127.0.0.1:9/api/partner',
  LINQ_WEBHOOK_SECRET: SECRET,
  PORT: '0',
};
const PACKAGE: { version: string } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));

interface Ended {
  readonly code: number | string | null | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program with these variables and none of ours. */
function run(file: string, args: readonly string[], cwd: string, env: Settings = {}): Promise<Ended> {
  return new Promise((resolve) => {
    const options = { cwd, env: { PATH: process.env.PATH, ...env } };
    execFile(file, args, options, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : error.code, stdout, stderr }),
    );
  });
}

/** Runs the built program; Node.js leaves what stands behind -- alone. */
const reactor = (args: readonly string[], env: Settings = {}, main = MAIN) =>
  run(process.execPath, ['--', main, ...args], createWorkDir(), env);

describe('the version', () => {
  const version = { code: 0, stdout: `${PACKAGE.version}\n` };

  it('is that of the package', async () => {
    expect(await reactor(['--version'])).toEqual({ ...version, stderr: '' });
  });

  it('is told by npx in the project’s directory, without a network', async () => {
    const home = createWorkDir();
    const npm = { HOME: home, npm_config_cache: join(home, 'cache'), npm_config_offline: 'true' };
    expect(await run('npx', ['contact-card-reactor', '--version'], ROOT, npm)).toMatchObject(version);
  });
});

describe('a verb', () => {
  it('that is misspelt ends with 2 and says which one was meant', async () => {
    const { code, stdout, stderr } = await reactor(['serv'], NEEDED);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain('Did you mean serve?');
  });

  it('that is left out is serve: without settings it ends with 3 and names those that are missing', async () => {
    const { code, stdout, stderr } = await reactor([]);
    expect([code, stdout]).toEqual([3, '']);
    expect(stderr).toMatch(/^2 settings are wrong:\n {2}LINQ_API_KEY: .*\n {2}LINQ_WEBHOOK_SECRET: .*\n$/);
  });

  it('reads the .env file of its working directory, under the environment', async () => {
    const directory = createWorkDir();
    writeFileSync(join(directory, '.env'), 'PORT=1\nHOST=localhost\n');
    const args = ['--', MAIN, 'config', 'show', '--json'];
    const { code, stdout } = await run(process.execPath, args, directory, NEEDED);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual(
      expect.arrayContaining([
        { name: 'PORT', value: '0', origin: 'environment' },
        { name: 'HOST', value: 'localhost', origin: '.env' },
      ]),
    );
  });
});

it('a database that can’t be for want of the native module comes with what to run', async () => {
  const { code, stderr } = await reactor([], NEEDED, installWithoutNativeModule());
  expect(code).toBe(1);
  expect(stderr).toMatch(/^SQLite’s native module is missing .* `npm rebuild better-sqlite3` .*\n$/);
});

it('a readable log has no colours where nobody looks on, whatever the environment claims, and says what is odd about the settings', async () => {
  const claims = { CI: 'true', GITHUB_ACTIONS: 'true' };
  const odd = { LOG_LEVLE: 'x', LINQ_LINE: '+12025550100' };
  const env = { PATH: process.env.PATH, ...NEEDED, LOG_FORMAT: 'pretty', ...claims, ...odd };
  const child = spawn(process.execPath, [MAIN], {
    cwd: createWorkDir(),
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  let printed = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    if (!printed.includes('service.started') && text.includes('service.started')) child.kill('SIGTERM');
    printed += text;
  });
  expect(await new Promise((resolve) => child.once('close', resolve))).toBe(0);
  expect(printed).toMatch(/INFO: service\.started/);
  for (const [wrong, right] of [
    ['LOG_LEVLE', 'LOG_LEVEL'],
    ['LINQ_LINE', 'LINQ_LINES'],
  ])
    expect(printed).toMatch(
      new RegExp(`WARN: config\\.warning.*${wrong} isn’t a setting: did you mean ${right}\\?`),
    );
  expect(printed).toContain('service.stopped');
  expect(printed).not.toContain('\u001b');
});

it('a second SIGTERM or SIGINT ends a stop that waits, at once', async () => {
  await Promise.all([stopTwice('SIGTERM'), stopTwice('SIGINT')]);
});

async function stopTwice(signal: 'SIGTERM' | 'SIGINT'): Promise<void> {
  const running = await startReactor(createWorkDir());
  const slow = await connectTo(running.url);
  slow.write(
    'POST /webhooks/linq HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{',
  );
  const idle = await connectTo(running.url);
  idle.write('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n');
  await once(idle, 'data'); // so both are known to the service
  const stopped = running.end(signal);
  await once(idle, 'close'); // it is stopping: idle connections are closed, the slow request is waited for
  expect(running.log().map(({ msg }) => msg)).not.toContain('service.stopped');
  expect(await running.end(signal)).toEqual({ code: 1, signal: null });
  expect(await stopped).toEqual({ code: 1, signal: null });
  expect(running.output()).toContain(`${signal} received a second time`);
  expect(running.log().map(({ msg }) => msg)).not.toContain('service.stopped');
}

async function connectTo(url: string): Promise<Socket> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.on('error', () => {}); // the service may cut it
  onTestFinished(() => void socket.destroy());
  await once(socket, 'connect');
  return socket;
}

/** The program as an install leaves it that was not allowed to build; returns its entry. */
function installWithoutNativeModule(): string {
  const directory = createWorkDir();
  for (const part of ['dist', 'migrations', 'package.json'])
    cpSync(join(ROOT, part), join(directory, part), { recursive: true });
  const modules = join(directory, 'node_modules');
  mkdirSync(modules);
  for (const name of readdirSync(join(ROOT, 'node_modules')))
    if (name !== 'better-sqlite3') symlinkSync(join(ROOT, 'node_modules', name), join(modules, name));
  for (const part of ['lib', 'package.json'])
    cpSync(join(ROOT, 'node_modules/better-sqlite3', part), join(modules, 'better-sqlite3', part), {
      recursive: true,
    });
  return join(directory, 'dist/main.js');
}
