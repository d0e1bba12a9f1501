import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { showStatus, watch } from '../../../../src/cli/verbs/status.ts';
import { HOUR } from '../../../../src/decide/time.ts';
import { answerOf, outboundOf, T } from '../../../helpers/builders.ts';
import { createFakeClock } from '../../../helpers/clock.ts';
import { startService } from './verbs-harness.ts';

const SHARED_IN_CHAT_1 = { events: [outboundOf(T)] };

describe('status', () => {
  it('shows the picture and ends with 0 while no error is open', async () => {
    const { run, clock, idle } = await startService(SHARED_IN_CHAT_1);
    await idle();
    clock.advance(90_000);
    const { exitCode, out, error } = await run('status');
    expect({ exitCode, error }).toEqual({ exitCode: 0, error: '' });
    expect(out.replace(/[0-9.]+ KiB/, 'some KiB')).toBe(
      [
        'contact-card-reactor 1.2.3 is fine',
        'up for 1 min 30 s',
        '',
        'chats     1 (1 waiting)',
        'shares    1, the last at 2026-11-03 16:00:00 UTC',
        '          1 succeeded and 0 failed in the last 24 hours',
        '          next due at 2026-11-04 16:00:00 UTC',
        'webhooks  0 accepted, 0 ignored, 0 quarantined since it started',
        '          0 rejected',
        '          none yet',
        'catch-up  never completed',
        'database  sqlite, some KiB, schema 6',
        '          no scheduled backup made',
        '',
        'LINE         CARD    CARD CHECKED             CHATS  HOLD  UNTIL',
        '+1•••••0100  active  2026-11-03 16:00:00 UTC  1      –     –',
        '',
      ].join('\n'),
    );
  });

  it('says when the last scheduled backup was made', async () => {
    const { run, store } = await startService();
    await store.noteBackup(T - HOUR);
    expect((await run('status')).out).toContain(
      'schema 6\n          last scheduled backup at 2026-11-03 15:00:00 UTC\n',
    );
  });

  it('fits a narrow terminal, with colours unless NO_COLOR is set', async () => {
    const { run, env, idle } = await startService({ ...SHARED_IN_CHAT_1, cards: [] });
    await idle();
    const narrow = { isTerminal: true, columns: 48 };
    const coloured = await run('status', narrow);
    expect(coloured.out).toContain('\u001b[33mwarning\u001b[0m');
    const { out } = await run('status', { ...narrow, env: { ...env, NO_COLOR: '1' } });
    expect(out).not.toContain('\u001b');
    expect(Math.max(...out.split('\n').map((line) => line.length))).toBeLessThanOrEqual(48);
    expect(out).toContain('warning card_missing\n  since 2026');
    expect(out).toContain('CARD CHECKED  2026-11-03 16:00:00 UTC\n');
  });

  it('ends with 4 while an error is open, and with --strict also for a warning', async () => {
    const warned = await startService({ ...SHARED_IN_CHAT_1, cards: [] });
    await warned.idle();
    expect((await warned.run('status')).exitCode).toBe(0);
    expect((await warned.run('status --strict')).exitCode).toBe(4);
    const failing = await startService({ ...SHARED_IN_CHAT_1, share: async () => answerOf(401, 2004) });
    await failing.idle();
    const { exitCode, out } = await failing.run('status');
    expect(exitCode).toBe(4);
    expect(out).toContain(
      'error api_key_rejected\n  since 2026-11-03 16:00:00 UTC\n  Linq rejects the API key',
    );
    expect((await failing.run('status --json')).exitCode).toBe(4);
  });

  it('is shown again and again with --watch, while the service is away and after it came back', async () => {
    const { env, idle, url } = await startService(SHARED_IN_CHAT_1);
    await idle();
    const shown: string[] = [];
    const stop = new AbortController();
    const io = {
      env,
      isTerminal: true,
      columns: 80,
      write: (text: string) => void shown.push(text),
      writeError: (text: string) => void shown.push(`error: ${text}`),
      readFile: () => '',
    };
    const clock = createFakeClock(T);
    const away = await createServer().listen(0, '127.0.0.1');
    await once(away, 'listening');
    const { port } = away.address() as AddressInfo;
    await new Promise((resolve) => away.close(resolve));
    const options = { url };
    const sleepUntil = async () => {
      options.url = shown.length === 1 ? `http://127.0.0.1:${port}` : url;
      if (shown.length === 3) stop.abort();
    };
    const sources = { env, envFile: {}, readFile: io.readFile };
    const run = (given: typeof options) =>
      watch(showStatus(false), given, { io, sources }, { now: clock.now, sleepUntil }, stop.signal);
    expect(await run(options)).toBe(0);
    expect(shown[0]?.startsWith('\u001b[2J\u001b[H')).toBe(true);
    expect(shown[0]).toContain('is fine');
    expect(shown[0]?.endsWith('Ctrl-C ends.\n')).toBe(true);
    expect(shown[1]).toContain(`Nothing answers at http://127.0.0.1:${port}`);
    for (const line of shown[1]?.split('\n') ?? []) expect(line.length).toBeLessThan(90); // with what clears the screen
    expect(shown[2]).toContain('is fine');
  });

  it('ends at once when it is stopped with --watch, even while the service doesn’t answer', async () => {
    const { env } = await startService();
    const stop = new AbortController();
    const silent = createServer((socket) => {
      sockets.add(socket);
      stop.abort();
    }).listen(0, '127.0.0.1');
    const sockets = new Set<Socket>();
    onTestFinished(() => {
      for (const socket of sockets) socket.destroy();
      silent.close();
    });
    await once(silent, 'listening');
    const url = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`;
    const shown: string[] = [];
    const write = (text: string) => void shown.push(text);
    const io = { env, isTerminal: true, columns: 80, write, writeError: write, readFile: () => '' };
    const sources = { env, envFile: {}, readFile: io.readFile };
    const surroundings = { io, sources };
    const exitCode = await watch(showStatus(false), { url }, surroundings, createFakeClock(T), stop.signal);
    expect({ exitCode, shown }).toEqual({ exitCode: 0, shown: [] });
  });

  it('is not shown again with --watch if the first call fails, nor as JSON', async () => {
    const { run, env } = await startService();
    expect(await run('status --watch --json')).toMatchObject({ exitCode: 2, out: '' });
    const wrong = await run('status --watch', { env: { ...env, STATUS_TOKEN: 'another-token-of-16' } });
    expect(wrong).toMatchObject({ exitCode: 3, out: '', error: expect.stringContaining('Wrong token') });
  });

  it('prints the JSON of the service as it is', async () => {
    const { run, get, idle } = await startService(SHARED_IN_CHAT_1);
    await idle();
    expect(JSON.parse((await run('status --json')).out)).toEqual((await get('/status')).body);
  });
});
