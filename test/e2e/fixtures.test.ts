import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { deliver, SECRET } from '../helpers/deliver.ts';
import { knowChat, startRig } from '../helpers/rig.ts';
import { readChat, readOverview, until } from '../helpers/status.ts';
import { FIXTURES_2025, FIXTURES_2026 } from './fixture-facts.ts';

const LINE = '+12025550100';
const folder = (version: string) => new URL(`../fixtures/linq/webhooks/${version}/`, import.meta.url);

describe.each([
  { version: '2025-01-01', rows: FIXTURES_2025 },
  { version: '2026-02-03', rows: FIXTURES_2026 },
])('the published payloads of $version', ({ version, rows }) => {
  it('are all in the table', () => {
    expect(rows.map(({ file }) => file).sort()).toEqual(readdirSync(folder(version)).sort());
  });

  it.each(rows)('$file is $verdict and leads to its facts', async ({ file, verdict, chat }) => {
    const { simulator, reactor } = await startRig({ RESHARE_IDLE_AFTER: '0' }); // they are of long ago
    if (chat?.chatId !== undefined) {
      knowChat(simulator, { chatId: chat.chatId, line: LINE, isGroup: chat.isGroup === true });
    }

    const answer = await deliver(reactor.url, readFileSync(new URL(file, folder(version)), 'utf8'));

    expect(answer).toMatchObject({ status: 204, body: '' });
    const shares = chat?.shareCount ?? 0;
    await simulator.when(() => simulator.calls.length >= shares);
    if (chat?.chatId !== undefined) {
      const { chatId } = chat;
      const shown = await until(
        () => readChat(reactor.url, chatId),
        ({ shareCount }) => shareCount === shares,
      );
      // the end of the window is checked against the share below
      expect(shown).toMatchObject(shares > 0 ? { ...chat, nextAttemptAt: expect.any(String) } : chat);
      expect(shown.attempts.map(({ outcome }) => outcome)).toEqual(shares > 0 ? ['shared'] : []);
      const lapsesAt = shown.lastSharedAt === null ? null : Date.parse(shown.lastSharedAt) + 86_400_000;
      expect(shown.nextAttemptAt).toBe(lapsesAt === null ? null : new Date(lapsesAt).toISOString());
    }
    expect(simulator.calls.map(({ effect }) => effect)).toEqual(shares > 0 ? ['prompt'] : []);
    const { webhooks, chats } = await readOverview(reactor.url);
    expect(webhooks).toMatchObject({ accepted: 0, ignored: 0, quarantined: 0, [verdict]: 1 });
    expect(chats.total).toBe(chat === null ? 0 : 1);
  });
});

it('a flagged line closes all of its chats', async () => {
  const { simulator, reactor } = await startRig();
  simulator.subscribe({ targetUrl: `${reactor.url}/webhooks/linq`, signingSecret: SECRET });
  simulator.flagLine(LINE, 'FLAGGED');
  await simulator.settled();
  const { chatId } = simulator.createChat({ line: LINE });
  simulator.sendMessage(chatId);
  await simulator.settled();

  expect(await readChat(reactor.url, chatId)).toMatchObject({ state: 'held', reason: 'line_flagged' });
  const { lines, problems } = await readOverview(reactor.url);
  expect(lines).toMatchObject([{ line: '+1•••••0100', chats: 1, hold: 'line_flagged' }]);
  expect(problems.map(({ code }) => code)).toContain('line_flagged');
  expect(simulator.calls).toEqual([]);
});

it('an old chat is not greeted: without outbound message for RESHARE_IDLE_AFTER it is idle', async () => {
  const { simulator, reactor } = await startRig();
  await deliver(
    reactor.url,
    readFileSync(new URL('message.sent-imessage.json', folder('2025-01-01')), 'utf8'),
  );

  expect(await readChat(reactor.url, '6f2a9c4e-1b7d-4e83-a5c0-9d3f7b1e2a64')).toMatchObject({
    state: 'idle',
    reason: 'no_recent_outbound',
    nextAttemptAt: null,
  });
  expect(simulator.calls).toEqual([]);
});
