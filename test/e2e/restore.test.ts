import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import { deliver, message2026 } from '../helpers/deliver.ts';
import { LINES } from '../helpers/deliveries.ts';
import { startReactor } from '../helpers/process.ts';
import { knowChat, startRig } from '../helpers/rig.ts';
import { ask, readChat, readOverview, TOKEN, until } from '../helpers/status.ts';
import { askVerb } from '../helpers/verb.ts';

const WINDOW_MS = 8_000;
const SETTINGS = {
  SHARE_WINDOW: '8s',
  RESHARE_IDLE_AFTER: '0',
  SHARE_RATE_PER_LINE: '0',
  CATCH_UP_EVERY: '0',
};

interface RestoreAnswer {
  readonly restoredAt: string | null;
  readonly waitsUntil: string | null;
}

/**
 * Chats that the service knows of while it is paused; a backup; then all of them are shared, and one that is begun
 * later. The service is stopped then.
 */
async function shareAfterBackup() {
  const { simulator, reactor, directory } = await startRig(SETTINGS);
  const settings = { LINQ_API_BASE_URL: simulator.baseUrl, ...SETTINGS };
  const write = async (url: string, chatId: string, sentAt: number) => {
    knowChat(simulator, { chatId, line: LINES[0] });
    expect((await deliver(url, message2026({ chatId, line: LINES[0], sentAt }))).status).toBe(204);
  };
  const chats = Array.from({ length: 5 }, () => randomUUID());
  const forgotten = randomUUID();
  const callsOf = (chatId: string) => simulator.callsOf(chatId);
  const sentAt = Date.now();

  await ask(reactor.url, '/status/pause', { method: 'PUT', headers: TOKEN });
  for (const chatId of chats) await write(reactor.url, chatId, sentAt);
  const backup = await askVerb<{ file: string; chats: number }>(directory, ['backup', 'kept.db']);
  expect(backup).toMatchObject({ file: 'kept.db', chats: 5 });
  await ask(reactor.url, '/status/pause', { method: 'DELETE', headers: TOKEN });
  await write(reactor.url, forgotten, sentAt);
  await simulator.when(() => [...chats, forgotten].every((chatId) => callsOf(chatId).length === 1));
  const stillPaused = async () => (await readOverview(reactor.url)).chats.byState.sharing;
  await until(stillPaused, (sharing) => sharing === 0);
  await reactor.end('SIGTERM');
  const resume = (url: string) => ask(url, '/status/pause', { method: 'DELETE', headers: TOKEN });
  return { simulator, directory, settings, chats, forgotten, sentAt, write, callsOf, resume };
}

it('a restored backup greets nobody twice: without catch-up, its chats and new ones wait one window', async () => {
  const stage = await shareAfterBackup();
  const { simulator, directory, settings, chats, forgotten, callsOf, write } = stage;
  const restored = await askVerb<RestoreAnswer>(directory, ['restore', 'kept.db'], settings);
  const restoredAt = Date.parse(restored.restoredAt ?? '');
  expect(Date.parse(restored.waitsUntil ?? '') - restoredAt).toBe(WINDOW_MS);

  const reactor = await startReactor(directory, settings);
  await stage.resume(reactor.url); // the pause is of the backup
  await deliver(reactor.url, message2026({ chatId: forgotten, line: LINES[0], sentAt: stage.sentAt }));
  const fresh = randomUUID();
  await write(reactor.url, fresh, Date.now());
  const [first = '', ...others] = chats;
  const manual = await ask(reactor.url, `/status/chats/${first}/share`, { method: 'POST', headers: TOKEN });
  expect(manual.status).toBe(200);
  expect(callsOf(first)).toHaveLength(2);
  for (const chatId of [...others, forgotten, fresh])
    expect(await readChat(reactor.url, chatId)).toMatchObject({
      state: 'waiting',
      reason: 'restored',
      nextAttemptAt: restored.waitsUntil,
    });
  expect(Date.now()).toBeLessThan(restoredAt + WINDOW_MS); // else nothing was shown
  await simulator.when(() => [...others, forgotten].every((chatId) => callsOf(chatId).length === 2));
  await simulator.when(() => callsOf(fresh).length === 1);
  for (const chatId of [...others, forgotten, fresh])
    expect(callsOf(chatId).at(-1)?.arrivedAt).toBeGreaterThanOrEqual(restoredAt + WINDOW_MS);
});

it('a chat that was begun after the backup waits although only its next message is heard, a new one until catch-up', async () => {
  const stage = await shareAfterBackup();
  const { simulator, directory, forgotten, callsOf, write } = stage;
  const windowMs = 20_000;
  const settings = { ...stage.settings, SHARE_WINDOW: '20s' };
  const restored = await askVerb<RestoreAnswer>(directory, ['restore', 'kept.db'], settings);
  const mend = simulator.fail({ route: 'chats', status: 502 });
  const reactor = await startReactor(directory, { ...settings, CATCH_UP_EVERY: '6h' });
  await stage.resume(reactor.url);
  const fresh = randomUUID();
  await write(reactor.url, fresh, Date.now());
  simulator.sendMessage(forgotten);
  await deliver(reactor.url, message2026({ chatId: forgotten, line: LINES[0], sentAt: Date.now() }));
  for (const chatId of [forgotten, fresh]) {
    expect(await readChat(reactor.url, chatId)).toMatchObject({
      state: 'waiting',
      reason: 'restored',
      explanation: expect.stringContaining('newer than the backup'),
      nextAttemptAt: restored.waitsUntil,
    });
  }
  mend();
  await simulator.when(() => callsOf(fresh).length === 1);
  const isRead = async () => (await readOverview(reactor.url)).catchUp.lastCompletedAt !== null;
  await until(isRead, Boolean);
  expect(await readChat(reactor.url, forgotten)).toMatchObject({ state: 'waiting', reason: 'restored' });
  const restoredAt = Date.parse(restored.restoredAt ?? '');
  expect(callsOf(fresh)[0]?.arrivedAt).toBeLessThan(restoredAt + windowMs);
  await simulator.when(() => callsOf(forgotten).length === 2);
  expect(callsOf(forgotten)[1]?.arrivedAt).toBeGreaterThanOrEqual(restoredAt + windowMs);
});

it('with --no-wait the chats of a restored backup are shared at once', async () => {
  const { simulator, directory, settings, chats, callsOf, resume } = await shareAfterBackup();
  const restored = await askVerb<RestoreAnswer>(directory, ['restore', '--no-wait', 'kept.db'], settings);
  expect(restored).toMatchObject({ restoredAt: null, waitsUntil: null });
  const reactor = await startReactor(directory, { ...settings, SHARE_WINDOW: '1h' });
  await resume(reactor.url);
  await simulator.when(() => chats.every((chatId) => callsOf(chatId).length === 2));
});
