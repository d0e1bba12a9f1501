import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { DATABASE_PATH } from '../helpers/database.ts';
import { deliver, message2026 } from '../helpers/deliver.ts';
import { createWorkDir, launch, startReactor } from '../helpers/process.ts';
import { ask, isReady, readChat, readOverview } from '../helpers/status.ts';

const FINE = { code: 0, signal: null };
const FAILED = { code: 1, signal: null };
const TOKEN_PATH = join('data', 'reactor.db.cli-token');

describe('a start that cannot succeed says why in a sentence and ends with 1', () => {
  it('when the port is taken; the database is free again', async () => {
    const directory = createWorkDir();
    const other = await startReactor(createWorkDir());
    const { port } = new URL(other.url);

    const running = launch(directory, { PORT: port });

    expect(await running.exited).toEqual(FAILED);
    expect(running.output().split('\n').at(-1)).toMatch(
      new RegExp(`Port ${port} is used by another program.*set another PORT`),
    );
    expect(existsSync(join(directory, TOKEN_PATH))).toBe(false);
    await startReactor(directory);
  });

  it('when the machine has no such address', async () => {
    const running = launch(createWorkDir(), { HOST: '192.0.2.1' });

    expect(await running.exited).toEqual(FAILED);
    expect(running.output().split('\n').at(-1)).toMatch(/HOST/);
  });

  it('when another process works on the database, which goes on undisturbed; kill -9 frees it', async () => {
    const directory = createWorkDir();
    const first = await startReactor(directory);
    const token = readFileSync(join(directory, TOKEN_PATH), 'utf8');

    const second = launch(directory);

    expect(await second.exited).toEqual(FAILED);
    expect(second.output()).toMatch(/another process works on .*reactor\.db.*DATABASE_URL/);
    expect(second.output().split('\n')).toHaveLength(1);
    expect(readFileSync(join(directory, TOKEN_PATH), 'utf8')).toBe(token); // its own, not the second one's
    expect((await deliver(first.url, message2026({ chatId: 'c1' }))).status).toBe(204);
    expect(await isReady(first.url)).toBe(true);

    await first.end('SIGKILL');
    const third = await startReactor(directory);
    expect(await readChat(third.url, 'c1')).toMatchObject({ chatId: 'c1', line: '+1•••••0100' });
  });

  it('when the file is no database; it stays as it was', async () => {
    const directory = createWorkDir();
    const path = join(directory, DATABASE_PATH);
    mkdirSync(join(directory, 'data'));
    writeFileSync(path, 'These are the minutes of our last meeting.\n'.repeat(100));
    const before = readFileSync(path);

    const running = launch(directory);

    expect(await running.exited).toEqual(FAILED);
    expect(running.output().split('\n').at(-1)).toMatch(/database.*damaged|restore/);
    expect(readFileSync(path)).toEqual(before);
  });
});

describe('an idle service', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)('stops at once on %s, with 0, and says so', async (signal) => {
    const directory = createWorkDir();
    const reactor = await startReactor(directory);
    expect(existsSync(join(directory, TOKEN_PATH))).toBe(true);
    await deliver(reactor.url, message2026());
    const before = Date.now();

    expect(await reactor.end(signal)).toEqual(FINE);

    expect(Date.now() - before).toBeLessThan(2_000);
    expect(reactor.log().map(({ msg }) => msg)).toEqual(
      expect.arrayContaining(['service.started', 'service.stopping', 'service.stopped']),
    );
    expect(existsSync(join(directory, TOKEN_PATH))).toBe(false);
  });

  it('stops with 0 as soon as it says that it listens', async () => {
    const reactor = await startReactor(createWorkDir());
    expect(await reactor.end('SIGTERM')).toEqual(FINE);
  });

  it('answers health and readiness without a token, and tells no chat in them', async () => {
    const reactor = await startReactor(createWorkDir());
    await deliver(reactor.url, message2026({ chatId: 'chat-4711' }));

    expect(await ask(reactor.url, '/healthz')).toMatchObject({ status: 200, body: { status: 'ok' } });
    const ready = await ask(reactor.url, '/readyz');
    expect(ready).toMatchObject({ status: 200, body: { status: 'ready', checks: { store: 'ok' } } });
    expect(JSON.stringify(ready.body)).not.toContain('4711');
    expect(await readOverview(reactor.url)).toMatchObject({ chats: { total: 1 } });
  });
});
