import { expect, it } from 'vitest';
import { HOUR } from '../../src/decide/time.ts';
import { deliver, message2026, OTHER_SECRET, SECRET } from '../helpers/deliver.ts';
import { createLeapingClock } from '../helpers/leaping-clock.ts';
import { createWorkDir, startReactor } from '../helpers/process.ts';
import { startService } from '../helpers/service.ts';
import { ask, readOverview, TOKEN, until } from '../helpers/status.ts';

const codesOf = async (url: string) => (await readOverview(url)).problems.map(({ code }) => code);
const sentNow = (now = Date.now()) => message2026({ sentAt: now, createdAt: now });

it('tells of signatures that fail, and of the next one that does not', async () => {
  const { url } = await startService(createWorkDir());
  for (let i = 0; i < 3; i++) {
    expect((await deliver(url, sentNow(), { secret: OTHER_SECRET })).status).toBe(401);
  }
  expect(await codesOf(url)).toEqual(['signature_failures']);
  expect((await deliver(url, sentNow())).status).toBe(204);
  expect(await codesOf(url)).not.toContain('signature_failures');
});

it('tells of a silence that is too long, and knows over a restart when the last delivery was accepted', async () => {
  const directory = createWorkDir();
  const clock = createLeapingClock();
  const settings = { WEBHOOKS_SILENT_AFTER: '2h' };
  const first = await startService(directory, settings, clock);
  clock.leap(2 * HOUR);
  await until(
    () => codesOf(first.url),
    (codes) => codes.includes('webhooks_silent'),
  );
  await deliver(first.url, sentNow(clock.now()), { at: clock.now() });
  const { problems, webhooks } = await readOverview(first.url);
  expect(problems.map(({ code }) => code)).not.toContain('webhooks_silent');
  await first.stop();
  clock.restarted();
  const second = await startService(directory, settings, clock);
  expect((await readOverview(second.url)).webhooks.lastAcceptedAt).toBe(webhooks.lastAcceptedAt);
});

it('keeps what cannot be read over a kill, tells of it, and says what would have to change', async () => {
  const directory = createWorkDir();
  const first = await startReactor(directory);
  const canary = { event_type: 'message.sent', data: 'a canary' };
  expect((await deliver(first.url, canary, { webhookId: 'msg_canary' })).status).toBe(202);
  expect(await codesOf(first.url)).toContain('unreadable_deliveries');
  await first.end('SIGKILL');

  const rotated = await startService(directory, { LINQ_WEBHOOK_SECRET: OTHER_SECRET });
  const list = async (url: string) => (await ask(url, '/status/quarantine', { headers: TOKEN })).body;
  const row = { eventId: 'msg_canary', type: 'message.sent', receivedAt: expect.any(String) };
  expect(await list(rotated.url)).toEqual({
    rows: [{ ...row, cause: expect.stringContaining('data'), replayable: false }],
  });
  const replay = (url: string) => ask(url, '/status/quarantine/replay', { method: 'POST', headers: TOKEN });
  expect(await replay(rotated.url)).toMatchObject({ status: 200, body: { replayed: 0, failed: 1 } });
  expect(await list(rotated.url)).toMatchObject({
    rows: [{ ...row, cause: expect.stringContaining('LINQ_WEBHOOK_SECRET') }],
  });
  await rotated.stop();

  const both = await startService(directory, { LINQ_WEBHOOK_SECRET: `${OTHER_SECRET},${SECRET}` });
  expect((await replay(both.url)).body).toEqual({ replayed: 0, failed: 1 });
  const listed = await list(both.url);
  expect(listed).toMatchObject({ rows: [{ ...row, cause: expect.stringContaining('data') }] });
  expect(JSON.stringify(listed) + first.output() + rotated.output() + both.output()).not.toContain(
    'a canary',
  );
});
