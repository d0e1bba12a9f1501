import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { deliver, message2026 } from '../helpers/deliver.ts';
import { createWorkDir, startReactor } from '../helpers/process.ts';
import { startService } from '../helpers/service.ts';
import { ask, isReady, readChat, readOverview } from '../helpers/status.ts';
import { runVerb } from '../helpers/verb.ts';

const FINE = { code: 0, signal: null };
const FAILED = { code: 1, signal: null };
const TOKEN_PATH = join('data', 'reactor.db.cli-token');

it('a start fails while another process works on the database, which goes on undisturbed; kill -9 frees it', async () => {
  const directory = createWorkDir();
  const first = await startReactor(directory);
  const token = readFileSync(join(directory, TOKEN_PATH), 'utf8');

  expect(await runVerb(directory, ['serve'])).toEqual({
    ...FAILED,
    stdout: '',
    stderr: expect.stringMatching(/^.*another process is using .*reactor\.db.*DATABASE_URL.*\n$/),
  });
  expect(readFileSync(join(directory, TOKEN_PATH), 'utf8')).toBe(token); // its own, not the second one's
  expect((await deliver(first.url, message2026({ chatId: 'c1' }))).status).toBe(204);
  expect(await isReady(first.url)).toBe(true);

  await first.end('SIGKILL');
  const third = await startService(directory);
  expect(await readChat(third.url, 'c1')).toMatchObject({ chatId: 'c1', line: '+1•••••0100' });
});

describe('an idle service', () => {
  it('stops at once on SIGTERM, with 0, and says so', async () => {
    const directory = createWorkDir();
    const reactor = await startReactor(directory);
    expect(existsSync(join(directory, TOKEN_PATH))).toBe(true);
    await deliver(reactor.url, message2026());
    const before = Date.now();

    expect(await reactor.end('SIGTERM')).toEqual(FINE);

    expect(Date.now() - before).toBeLessThan(2_000);
    expect(reactor.log().map(({ msg }) => msg)).toEqual(
      expect.arrayContaining(['service.started', 'service.stopping', 'service.stopped']),
    );
    expect(existsSync(join(directory, TOKEN_PATH))).toBe(false);
  });

  it('stops with 0 on SIGINT as soon as it says that it listens', async () => {
    const directory = createWorkDir();
    const reactor = await startReactor(directory);
    expect(await reactor.end('SIGINT')).toEqual(FINE);
    expect(existsSync(join(directory, TOKEN_PATH))).toBe(false);
  });

  it('answers health and readiness without a token, and tells no chat in them', async () => {
    const service = await startService(createWorkDir());
    await deliver(service.url, message2026({ chatId: 'chat-4711' }));

    expect(await ask(service.url, '/healthz')).toMatchObject({ status: 200, body: { status: 'ok' } });
    const ready = await ask(service.url, '/readyz');
    expect(ready).toMatchObject({ status: 200, body: { status: 'ready', checks: { store: 'ok' } } });
    expect(JSON.stringify(ready.body)).not.toContain('4711');
    expect(await readOverview(service.url)).toMatchObject({ chats: { total: 1 } });
  });
});
