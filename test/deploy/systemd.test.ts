import { execFileSync, spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { deliver, message2026 } from '../helpers/deliver.ts';
import { createWorkDir, type Running, startReactor } from '../helpers/process.ts';
import { startSimulator } from '../helpers/rig.ts';
import { readChat, until } from '../helpers/status.ts';
import { adapt, inTree } from './program.ts';
import { allowedCalls, buildFilter, type Verdict } from './system-calls.ts';
import { directives, UNIT } from './unit.ts';

const CHAT = '11111111-2222-4333-8444-555555555555';
const MOST_EXPOSED = 1.5;

function analyze(...args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync('systemd-analyze', args, { encoding: 'utf8' });
  return { status, output: stdout + stderr };
}

describe('the command beside the systemd unit', () => {
  const shipped = inTree('deploy/systemd/contact-card-reactor');

  it('runs verbs where the unit says that settings and data are, as its user, with the program that it runs', () => {
    const [user = '', home = '', start = ''] = ['User', 'WorkingDirectory', 'ExecStart'].map(
      (name) => directives(UNIT, name)[0],
    );
    const script = readFileSync(shipped, 'utf8');
    expect(script).toContain(`cd ${home.replace('%S', '/var/lib')} || exit 1`);
    expect(script).toContain(`exec runuser -u ${user} -- ${start.replace('serve', '"$@"')}`);
    expect(statSync(shipped).mode & 0o777).toBe(0o755);
  });

  it('hands on its words and the exit code', () => {
    const home = createWorkDir();
    writeFileSync(join(home, '.env'), 'PORT=12345\n');
    const script = adapt(readFileSync(shipped, 'utf8'), [
      ['/var/lib/contact-card-reactor', home],
      ['/opt/contact-card-reactor', inTree('.')],
      ['$(id -u)', '0'],
      ['runuser -u contact-card-reactor --', 'env'], // becoming another user needs one
    ]);
    const run = (...args: readonly string[]) => {
      const { status, stdout } = spawnSync('sh', ['-c', script, 'contact-card-reactor', ...args], {
        encoding: 'utf8',
      });
      return { status, stdout };
    };
    expect(run('config', 'show').stdout).toMatch(/PORT +12345/);
    expect(run('chat', 'show', 'a b').status).toBe(5);
    expect(run('no-such-verb').status).toBe(2);
  });

  it('gives verbs the secrets that the unit’s drop-in passes to the service', () => {
    const [home, secrets] = [createWorkDir(), createWorkDir()];
    const drop = inTree('deploy/systemd/credentials.conf');
    const files = new Map(
      directives(drop, 'LoadCredential').map((one) => {
        const [id = '', path = ''] = one.split(':');
        return [id, path];
      }),
    );
    const given = directives(drop, 'Environment').map((one) => one.split(/_FILE=%d\//));
    expect(given).toHaveLength(3);
    for (const [name = '', id = ''] of given) {
      expect(files.get(id)).toBe(`/etc/contact-card-reactor/${id}`);
      writeFileSync(join(secrets, id), `a secret, ${name}\n`, { mode: 0o600 });
    }
    const run = (script: string) => spawnSync('sh', ['-c', script], { encoding: 'utf8' }).stdout.split('\n');
    const adapted = adapt(readFileSync(shipped, 'utf8'), [
      ['/var/lib/contact-card-reactor', home],
      ['/etc/contact-card-reactor', secrets],
      ['$(id -u)', '0'],
      ['runuser -u contact-card-reactor -- node /opt/contact-card-reactor/dist/main.js', 'env'],
    ]);
    expect(run(adapted)).toEqual(expect.arrayContaining(given.map(([name]) => `${name}=a secret, ${name}`)));
    rmSync(secrets, { recursive: true });
    expect(run(adapted).join()).not.toContain('LINQ_');
  });
});

describe('the systemd unit', () => {
  it('is one that systemd reads without a word, with its drop-in too', () => {
    const directory = createWorkDir();
    const copy = join(directory, 'contact-card-reactor.service');
    copyFileSync(UNIT, copy);
    expect(analyze('verify', '--man=no', copy)).toEqual({ status: 0, output: '' });
    mkdirSync(`${copy}.d`);
    copyFileSync(inTree('deploy/systemd/credentials.conf'), join(`${copy}.d`, 'credentials.conf'));
    expect(analyze('verify', '--man=no', copy)).toEqual({ status: 0, output: '' });
    writeFileSync(copy, `${readFileSync(copy)}\nNoSuchDirective=yes\n`);
    expect(analyze('verify', '--man=no', copy).output).toContain('NoSuchDirective'); // so it does look
  });

  it(`exposes little: ${MOST_EXPOSED} of 10 at most`, () => {
    const { status, output } = analyze(
      'security',
      '--no-pager',
      '--offline=true',
      `--threshold=${MOST_EXPOSED * 10}`,
      UNIT,
    );
    expect({ status, last: output.trim().split('\n').at(-1) }).toEqual({
      status: 0,
      last: expect.stringMatching(/exposure level for contact-card-reactor.service: [01]\.\d OK/),
    });
  });

  it('runs as a user of its own, whom the shipped file makes', () => {
    const [user] = directives(UNIT, 'User');
    const root = createWorkDir();
    mkdirSync(join(root, 'etc'));
    const file = inTree('deploy/systemd/contact-card-reactor.sysusers');
    execFileSync('systemd-sysusers', [`--root=${root}`, file], { stdio: 'pipe' });
    const passwd = readFileSync(join(root, 'etc/passwd'), 'utf8');
    expect(passwd).toMatch(new RegExp(`^${user}:.*:/var/lib/contact-card-reactor:/usr/sbin/nologin$`, 'm'));
  });

  it('stops later than the service stops by itself, and not again and again over a mistake in the settings', () => {
    expect(Number(directives(UNIT, 'TimeoutStopSec')[0])).toBeGreaterThan(10);
    expect(directives(UNIT, 'RestartPreventExitStatus')[0]?.split(' ')).toEqual(['2', '3']);
    expect(directives(UNIT, 'Restart')).toEqual(['always']);
  });
});

/** Every way that the service goes in its life: a delivery, a share, a backup in a process of its own, the end. */
async function live(under: readonly string[]): Promise<Running> {
  const simulator = await startSimulator();
  const directory = createWorkDir();
  simulator.createChat({ chatId: CHAT, line: '+12025550100', announce: false });
  const settings = {
    LINQ_API_BASE_URL: simulator.baseUrl.replace('127.0.0.1', 'localhost'),
    BACKUP_EVERY: '1s',
    CATCH_UP_EVERY: '1h',
  };
  const reactor = await startReactor(directory, settings, under);
  expect((await deliver(reactor.url, message2026({ chatId: CHAT, sentAt: Date.now() }))).status).toBe(204);
  await until(
    () => readChat(reactor.url, CHAT),
    ({ shareCount }) => shareCount === 1,
  );
  const backups = join(directory, 'data/backups');
  const copies = () =>
    (existsSync(backups) ? readdirSync(backups, { recursive: true }) : []).filter((name) =>
      String(name).endsWith('.db'),
    );
  await until(
    async () => copies(),
    (names) => names.length > 0,
  );
  expect(statSync(join(directory, 'data/reactor.db')).mode & 0o777).toBe(0o600);
  expect(await reactor.end('SIGTERM')).toEqual({ code: 0, signal: null });
  return reactor;
}

describe('the unit’s filter of system calls', () => {
  const families = (directives(UNIT, 'RestrictAddressFamilies')[0] ?? '').split(' ');
  const under = (calls: ReadonlySet<string>, verdict: Verdict) => [
    buildFilter(createWorkDir(), calls, families, verdict),
  ];

  it('lets the service do all that it does', async () => {
    const calls = allowedCalls(directives(UNIT, 'SystemCallFilter'));
    expect(calls).not.toContain('mount');
    await live(under(calls, 'SECCOMP_RET_ERRNO | EPERM'));
  });

  it('is one that holds: without a call that the service needs it does not start', async () => {
    const calls = new Set(allowedCalls(directives(UNIT, 'SystemCallFilter')));
    calls.delete('fdatasync');
    calls.delete('fsync');
    await expect(live(under(calls, 'SECCOMP_RET_ERRNO | EPERM'))).rejects.toThrow(/ended \(1\)/);
  });
});
