import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import { DAY, SECOND } from '../../src/decide/time.ts';
import { deliver, message2026 } from '../helpers/deliver.ts';
import { LINES } from '../helpers/deliveries.ts';
import { createLeapingClock } from '../helpers/leaping-clock.ts';
import { createWorkDir, type Settings } from '../helpers/process.ts';
import { knowChat, startSimulator } from '../helpers/rig.ts';
import { startService } from '../helpers/service.ts';
import { ask, readChat, readOverview, TOKEN, until } from '../helpers/status.ts';
import { askVerbHere } from '../helpers/verb-here.ts';

const SETTINGS = { RESHARE_IDLE_AFTER: '0', SHARE_RATE_PER_LINE: '0' };

interface RestoreAnswer {
  readonly restoredAt: string | null;
  readonly waitsUntil: string | null;
}

/**
 * Chats that the service knows of while it is paused; a backup; then all of them are shared, and one that is begun
 * later. The service is stopped then.
 */
async function shareAfterBackup() {
  const clock = createLeapingClock(); // verbs live in the system's time, which is its own until it leaps
  const simulator = await startSimulator({ clock: clock.elsewhere });
  const directory = createWorkDir();
  const settings = { LINQ_API_BASE_URL: simulator.baseUrl, ...SETTINGS };
  const start = (more: Settings = {}) => startService(directory, { ...settings, ...more }, clock);
  const service = await start();
  const hear = async (url: string, chatId: string, sentAt: number) => {
    const event = message2026({ chatId, line: LINES[0], sentAt });
    expect((await deliver(url, event, { at: clock.now() })).status).toBe(204);
  };
  const write = async (url: string, chatId: string, sentAt: number) => {
    knowChat(simulator, { chatId, line: LINES[0] });
    await hear(url, chatId, sentAt);
  };
  const chats = Array.from({ length: 5 }, () => randomUUID());
  const forgotten = randomUUID();
  const callsOf = (chatId: string) => simulator.callsOf(chatId);
  const sentAt = clock.now();

  await ask(service.url, '/status/pause', { method: 'PUT', headers: TOKEN });
  for (const chatId of chats) await write(service.url, chatId, sentAt);
  const backup = await askVerbHere<{ file: string; chats: number }>(directory, ['backup', 'kept.db']);
  expect(backup).toMatchObject({ file: 'kept.db', chats: 5 });
  await ask(service.url, '/status/pause', { method: 'DELETE', headers: TOKEN });
  await write(service.url, forgotten, sentAt);
  await simulator.when(() => [...chats, forgotten].every((chatId) => callsOf(chatId).length === 1));
  const stillPaused = async () => (await readOverview(service.url)).chats.byState.sharing;
  await until(stillPaused, (sharing) => sharing === 0);
  await service.stop();
  const resume = (url: string) => ask(url, '/status/pause', { method: 'DELETE', headers: TOKEN });
  const restore = (...flags: string[]) =>
    askVerbHere<RestoreAnswer>(directory, ['restore', ...flags, 'kept.db'], settings);
  return { simulator, clock, start, restore, chats, forgotten, sentAt, hear, write, callsOf, resume };
}

it('a restored backup greets nobody twice: without catch-up, its chats and new ones wait one window', async () => {
  const stage = await shareAfterBackup();
  const { simulator, clock, chats, forgotten, callsOf, write } = stage;
  const restored = await stage.restore();
  const restoredAt = Date.parse(restored.restoredAt ?? '');
  expect(Date.parse(restored.waitsUntil ?? '') - restoredAt).toBe(DAY);

  const service = await stage.start();
  await stage.resume(service.url); // the pause is of the backup
  await stage.hear(service.url, forgotten, stage.sentAt);
  const fresh = randomUUID();
  await write(service.url, fresh, clock.now());
  const [first = '', ...others] = chats;
  const manual = await ask(service.url, `/status/chats/${first}/share`, { method: 'POST', headers: TOKEN });
  expect(manual.status).toBe(200);
  expect(callsOf(first)).toHaveLength(2);
  for (const chatId of [...others, forgotten, fresh])
    expect(await readChat(service.url, chatId)).toMatchObject({
      state: 'waiting',
      reason: 'restored',
      nextAttemptAt: restored.waitsUntil,
    });
  clock.leap(DAY);
  await simulator.when(() => [...others, forgotten].every((chatId) => callsOf(chatId).length === 2));
  await simulator.when(() => callsOf(fresh).length === 1);
  for (const chatId of [...others, forgotten, fresh])
    expect(callsOf(chatId).at(-1)?.arrivedAt).toBeGreaterThanOrEqual(restoredAt + DAY);
});

it('a chat that was begun after the backup waits although only its next message is heard, a new one until catch-up', async () => {
  const stage = await shareAfterBackup();
  const { simulator, clock, forgotten, callsOf, write } = stage;
  const restored = await stage.restore();
  const mend = simulator.fail({ route: 'chats', status: 502 });
  const service = await stage.start({ CATCH_UP_EVERY: '6h' });
  await stage.resume(service.url);
  const fresh = randomUUID();
  await write(service.url, fresh, clock.now());
  simulator.sendMessage(forgotten);
  await stage.hear(service.url, forgotten, clock.now());
  for (const chatId of [forgotten, fresh]) {
    expect(await readChat(service.url, chatId)).toMatchObject({
      state: 'waiting',
      reason: 'restored',
      explanation: expect.stringContaining('newer than the backup'),
      nextAttemptAt: restored.waitsUntil,
    });
  }
  mend();
  const isRead = async () => {
    clock.leap(SECOND); // its calls are paced
    return (await readOverview(service.url)).catchUp.lastCompletedAt !== null;
  };
  await until(isRead, Boolean, { everyMs: 10 });
  await simulator.when(() => callsOf(fresh).length === 1);
  expect(await readChat(service.url, forgotten)).toMatchObject({ state: 'waiting', reason: 'restored' });
  const restoredAt = Date.parse(restored.restoredAt ?? '');
  expect(callsOf(fresh)[0]?.arrivedAt).toBeLessThan(restoredAt + DAY);
  clock.leap(DAY);
  await simulator.when(() => callsOf(forgotten).length === 2);
  expect(callsOf(forgotten)[1]?.arrivedAt).toBeGreaterThanOrEqual(restoredAt + DAY);
});

it('with --no-wait the chats of a restored backup are shared at once', async () => {
  const { simulator, start, restore, chats, callsOf, resume } = await shareAfterBackup();
  const restored = await restore('--no-wait');
  expect(restored).toMatchObject({ restoredAt: null, waitsUntil: null });
  const service = await start();
  await resume(service.url);
  await simulator.when(() => chats.every((chatId) => callsOf(chatId).length === 2));
});
