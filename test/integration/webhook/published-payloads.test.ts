import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { DAY, HOUR } from '../../../src/decide/time.ts';
import { parseDelivery } from '../../../src/webhook/parse.ts';
import { LINE } from '../../helpers/builders.ts';
import { startStatus } from '../status/harness.ts';
import { FIXTURES_2025, FIXTURES_2026 } from './published-facts.ts';

const folder = (version: string) => new URL(`../../fixtures/linq/webhooks/${version}/`, import.meta.url);
const read = (version: string, file: string) => parseDelivery(readFileSync(new URL(file, folder(version))));

/** A service that lives after the payloads were sent, and has heard one of them. */
async function startHearing(version: string, file: string, idleAfterMs = 0) {
  const started = await startStatus({ policy: { idleAfterMs }, cards: [LINE] });
  started.clock.advance(44 * HOUR); // an hour after the line was flagged, which holds for six
  const parsed = read(version, file);
  if (parsed.kind === 'event') {
    await started.store.record([parsed.event], started.clock.now());
    started.dispatcher.linesChanged();
  }
  await started.idle();
  return { ...started, kind: parsed.kind };
}

describe.each([
  { version: '2025-01-01', rows: FIXTURES_2025 },
  { version: '2026-02-03', rows: FIXTURES_2026 },
])('the published payloads of $version', ({ version, rows }) => {
  it('are all in the table', () => {
    expect(rows.map(({ file }) => file).sort()).toEqual(readdirSync(folder(version)).sort());
  });

  it.each(rows)('$file is $verdict and leads to its facts', async ({ file, verdict, chat }) => {
    const { kind, get, shared } = await startHearing(version, file);
    expect(kind).toBe(verdict === 'accepted' ? 'event' : 'ignored');
    expect((await get('/status')).body.chats.total).toBe(chat === null ? 0 : 1);
    expect(shared).toEqual(chat?.shareCount === 1 ? [chat.chatId] : []);
    if (chat === null) return;
    const { body } = await get(`/status/chats/${chat.chatId}`);
    expect(body).toMatchObject(chat.shareCount === 1 ? { ...chat, nextAttemptAt: expect.any(String) } : chat);
    expect(body.attempts.map(({ outcome }: { outcome: string }) => outcome)).toEqual(
      chat.shareCount === 1 ? ['shared'] : [],
    );
    const lapsesAt = body.lastSharedAt === null ? null : Date.parse(body.lastSharedAt) + DAY;
    expect(body.nextAttemptAt).toBe(lapsesAt === null ? null : new Date(lapsesAt).toISOString());
  });
});

it('an old chat is not greeted: without outbound message for RESHARE_IDLE_AFTER it is idle', async () => {
  const { get, shared } = await startHearing('2025-01-01', 'message.sent-imessage.json', DAY);
  expect((await get('/status/chats/6f2a9c4e-1b7d-4e83-a5c0-9d3f7b1e2a64')).body).toMatchObject({
    state: 'idle',
    reason: 'no_recent_outbound',
    nextAttemptAt: null,
  });
  expect(shared).toEqual([]);
});

it('a flagged line closes all of its chats', async () => {
  const started = await startHearing('2026-02-03', 'phone_number.status_updated-flagged.json');
  const sent = read('2026-02-03', 'message.sent-imessage.json');
  if (sent.kind !== 'event') throw new Error('a message is an event');
  await started.store.record([sent.event], started.clock.now());
  started.dispatcher.linesChanged();
  await started.idle();
  expect((await started.get('/status/chats/6f2a9c4e-1b7d-4e83-a5c0-9d3f7b1e2a64')).body).toMatchObject({
    state: 'held',
    reason: 'line_flagged',
  });
  const { lines, problems } = (await started.get('/status')).body;
  expect(lines).toMatchObject([{ line: '+1•••••0100', chats: 1, hold: 'line_flagged' }]);
  expect(problems.map(({ code }: { code: string }) => code)).toContain('line_flagged');
  expect(started.shared).toEqual([]);
});
