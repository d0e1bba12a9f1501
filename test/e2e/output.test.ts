import { spawn } from 'node:child_process';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { readMigrations } from '../../src/store/sqlite/migrate.ts';
import { openSqlite } from '../../src/store/sqlite/native.js';
import { DATABASE_PATH, openStored } from '../helpers/database.ts';
import { deliver, message2026, SECRET } from '../helpers/deliver.ts';
import { freePort } from '../helpers/free-port.ts';
import { createWorkDir, launch, STATUS_TOKEN, startReactor } from '../helpers/process.ts';
import { writeReleased } from '../helpers/released-database.ts';
import { createSeeded } from '../helpers/seed.ts';
import { until } from '../helpers/status.ts';
import { runVerbHere } from '../helpers/verb-here.ts';

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

interface Ended {
  readonly code: number | null;
  readonly stdout: Buffer;
  readonly stderr: string;
}

/** Runs a command line of a shell; `reactor` in it is the built program. */
function shell(directory: string, script: string): Promise<Ended> {
  const needed = { LINQ_API_KEY: 'a-key-of-this-test', LINQ_WEBHOOK_SECRET: SECRET, STATUS_TOKEN };
  const child = spawn('bash', ['-c', `reactor() { "$NODE" -- "$MAIN" "$@"; }; ${script}`], {
    cwd: directory,
    env: { PATH: process.env.PATH, NODE: process.execPath, MAIN, ...needed },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const printed: { stdout: Buffer[]; stderr: Buffer[] } = { stdout: [], stderr: [] };
  child.stdout.on('data', (chunk: Buffer) => printed.stdout.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => printed.stderr.push(chunk));
  return new Promise((resolve) =>
    child.once('close', (code) =>
      resolve({ code, stdout: Buffer.concat(printed.stdout), stderr: `${Buffer.concat(printed.stderr)}` }),
    ),
  );
}

const CANT = 'Can’t write to standard output (ENOSPC): the output is incomplete.\n';

/** A database with 30 chats on which nobody runs. */
function createStopped(): string {
  const directory = createWorkDir();
  writeReleased(directory, readMigrations(), createSeeded('npm run test:e2e -- output'), 30);
  return directory;
}

describe('what can’t be printed', () => {
  it('is one sentence and exit code 1, since the disk is full', async () => {
    const directory = createStopped();
    await runVerbHere(directory, ['backup', 'copy.db']);
    const reactor = await startReactor(createWorkDir());
    // at once, in pieces, by the work of another process, and by what a service answers
    const lines = [
      'reactor --help',
      'reactor config show --json',
      'reactor event sign --example probe',
      'reactor backup -',
      'reactor restore copy.db --json',
      `reactor status --url ${reactor.url}`,
      `reactor doctor --no-round-trip --url ${reactor.url}`,
    ];
    const ended = await Promise.all(
      lines.map(async (line) => {
        const { code, stdout, stderr } = await shell(directory, `${line} > /dev/full`);
        return { line, code, stdout: stdout.toString(), stderr };
      }),
    );
    expect(ended).toEqual(lines.map((line) => ({ line, code: 1, stdout: '', stderr: CANT })));
  });

  it('on standard error leaves the exit code of what went wrong, and makes one of what went right', async () => {
    const [wrong, right] = await Promise.all([
      shell(createWorkDir(), 'reactor nosuchverb 2> /dev/full'),
      shell(createStopped(), 'reactor backup - > copy.db 2> /dev/full'),
    ]);
    expect([wrong.code, right.code]).toEqual([2, 1]);
  });

  it('because its reader went away is no failure, and nothing is said', async () => {
    const directory = createWorkDir();
    const { stdout, stderr } = await shell(directory, 'reactor config show | head -n 1; echo "$PIPESTATUS"');
    expect(stdout.toString()).toMatch(/^LINQ_API_KEY .*\n0\n$/);
    expect(stderr).toBe('');
  });
});

describe('the log of a service', () => {
  it.each([
    ['a full disk', ['bash', '-c', 'exec "$0" "$@" > /dev/full'], 'ENOSPC'],
    ['a reader that went away', ['bash', '-c', 'exec "$0" "$@" > >(exit)'], 'EPIPE'],
  ] as const)(
    'that %s doesn’t take costs lines, not deliveries, and that is said once',
    async (_, under, code) => {
      const directory = createWorkDir();
      const port = await freePort();
      const url = `http://127.0.0.1:${port}`;
      const running = launch(directory, { PORT: `${port}`, LOG_LEVEL: 'debug' }, under);
      await until(
        () =>
          fetch(`${url}/healthz`).then(
            ({ ok }) => ok,
            () => false,
          ),
        (isUp) => isUp,
      );
      for (const chatId of ['chat-1', 'chat-2'])
        expect((await deliver(url, message2026({ chatId }))).status).toBe(204);
      expect(await running.end('SIGTERM')).toEqual({ code: 0, signal: null });
      expect(running.output()).toBe(
        `The log can’t be written (${code}): lines are lost until it can. The service keeps running.`,
      );
      const stored = openStored(directory);
      expect([...stored.chats.keys()].sort()).toEqual(['chat-1', 'chat-2']);
      stored.close();
    },
  );
});

describe('backup -', () => {
  it('sends the copy to standard output and the words to standard error, and leaves no file', async () => {
    const directory = createStopped();
    const piped = await shell(directory, 'reactor backup - | cat');
    expect(piped).toMatchObject({ code: 0 });
    expect(piped.stderr).toMatch(
      /^standard output: .* KiB, 30 chats, schema \d+; complete and verified\.\n$/,
    );
    writeFileSync(join(directory, 'copy.db'), piped.stdout);
    const sql = openSqlite(join(directory, 'copy.db'), { readonly: true });
    expect(sql.pragma('integrity_check', { simple: true })).toBe('ok');
    expect(sql.prepare('SELECT count(*) FROM chats').pluck().get()).toBe(30);
    sql.close();
    expect(readdirSync(directory).sort()).toEqual(['copy.db', 'data']);
    expect(readdirSync(join(directory, 'data/backups'))).toEqual([]);

    const { code, stderr } = await shell(directory, 'reactor backup - --json > second.db');
    expect([code, JSON.parse(stderr)]).toMatchObject([0, { file: 'standard output', chats: 30 }]);
    expect(await runVerbHere(directory, ['restore', 'second.db'])).toMatchObject({ code: 0 });
  });

  it('sends a copy larger than any pipe whole to a reader that is slow', async () => {
    const directory = createStopped();
    const sql = openSqlite(join(directory, DATABASE_PATH));
    sql.exec(`INSERT INTO meta (key, value) VALUES ('large', hex(zeroblob(4000000)))`);
    sql.close();
    const { stdout, stderr } = await shell(directory, 'reactor backup - | (sleep 0.2; cat) | wc -c');
    expect(Number(stdout)).toBeGreaterThan(8_000_000);
    expect(stderr).toContain('complete and verified');
  });

  it('fails when its reader goes away before the end', async () => {
    const directory = createStopped();
    const { stdout, stderr } = await shell(
      directory,
      'reactor backup - | head -c 16 > head; echo "$PIPESTATUS"',
    );
    expect(stdout.toString()).toBe('1\n');
    expect(stderr).toBe('The backup is incomplete: the program reading it ended early (EPIPE).\n');
    expect(readdirSync(join(directory, 'data/backups'))).toEqual([]);
  });

  it('isn’t printed on a terminal', async () => {
    const { stdout } = await shell(
      createStopped(),
      'script -qec \'"$NODE" -- "$MAIN" backup -\' /dev/null; echo $?',
    );
    expect(stdout.toString()).toMatch(/^A database is binary: .*`backup - > FILE`\.\r\n2\n$/);
  });
});

describe('- in the place of a file', () => {
  it.each(['restore -', '--env-file - config check', 'doctor --ca -'])(
    'is refused where it must be a file: %s',
    async (line) => {
      const directory = createWorkDir();
      const { code, stderr } = await runVerbHere(directory, line.split(' '));
      expect(code).toBe(2);
      expect(stderr).toMatch(/'-' is invalid.* Give a file: standard input and output can’t be used here/);
      expect(readdirSync(directory)).toEqual([]);
    },
  );

  it('is refused as the file of a secret', async () => {
    const settings = { STATUS_TOKEN: '', STATUS_TOKEN_FILE: '-' };
    const { code, stderr } = await runVerbHere(createWorkDir(), ['config', 'check'], settings);
    expect([code, stderr]).toEqual([
      3,
      expect.stringMatching(/STATUS_TOKEN: .*STATUS_TOKEN_FILE names no file/),
    ]);
  });

  it('is standard input for the body of an event, or for its secret', async () => {
    const directory = createWorkDir();
    const [body, secret] = await Promise.all([
      shell(directory, `echo '{"event_id":"e"}' | reactor event sign - --json`),
      shell(directory, `echo '${SECRET}' | reactor event sign --example probe --secret-file - --json`),
    ]);
    expect(JSON.parse(body.stdout.toString())).toMatchObject({ headers: { 'webhook-id': 'e' } });
    expect(secret).toMatchObject({ code: 0, stderr: '' });
  });
});
