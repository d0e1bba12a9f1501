import { describe, expect, it } from 'vitest';
import { MINUTE } from '../../../../src/decide/time.ts';
import { PayloadError } from '../../../../src/errors.ts';
import type { QuarantinedDelivery } from '../../../../src/store/store.ts';
import { parseDelivery } from '../../../../src/webhook/parse.ts';
import { sealDelivery } from '../../../../src/webhook/quarantine.ts';
import { T } from '../../../helpers/builders.ts';
import { message2026, OTHER_SECRET, SECRET } from '../../../helpers/deliver.ts';
import { startStatus } from '../harness.ts';
import { startService } from './verbs-harness.ts';

interface Held {
  readonly body?: unknown;
  readonly webhookId?: string | null;
  readonly secret?: string;
  readonly receivedAt?: number;
}

function heldOf({ body, webhookId = 'msg_1', secret = SECRET, receivedAt = T }: Held): QuarantinedDelivery {
  const raw = Buffer.from(typeof body === 'string' ? body : JSON.stringify(body ?? message2026()));
  const sealed = sealDelivery(raw, secret);
  return { receivedAt, webhookId, eventType: null, cause: 'of yesterday', sealed };
}

const sentIn = (chatId: string) => message2026({ chatId, sentAt: T });

async function start(held: readonly Held[], given: Parameters<typeof startStatus>[0] = {}) {
  const service = await startStatus(given);
  for (const one of held) await service.store.record([heldOf(one)], 0);
  return service;
}

describe('GET /status/quarantine', () => {
  it('lists the newest first, each with what can be done with it, and nothing of what it holds', async () => {
    const { get } = await start([
      { body: sentIn('chat-1'), webhookId: 'msg_readable' },
      { body: '{"no": "canary"', webhookId: null, receivedAt: T + MINUTE },
      { body: sentIn('chat-2'), webhookId: 'msg_rotated', secret: OTHER_SECRET, receivedAt: T + 2 * MINUTE },
    ]);
    const { status, body } = await get('/status/quarantine');
    expect(status).toBe(200);
    const rest = { type: null, cause: 'of yesterday' };
    expect(body).toEqual({
      rows: [
        { ...rest, eventId: 'msg_rotated', receivedAt: '2026-11-03T16:02:00.000Z', replayable: false },
        { ...rest, eventId: 'row-2', receivedAt: '2026-11-03T16:01:00.000Z', replayable: false },
        { ...rest, eventId: 'msg_readable', receivedAt: '2026-11-03T16:00:00.000Z', replayable: true },
      ],
    });
    expect((await get('/status/quarantine')).body).toEqual(body);
    expect(JSON.stringify(body)).not.toContain('canary');
  });

  it('is empty when nothing is held back', async () => {
    expect((await (await start([])).get('/status/quarantine')).body).toEqual({ rows: [] });
  });
});

describe('POST /status/quarantine/replay', () => {
  it('takes in all that can be read, keeps the rest with its cause of today, and may be repeated', async () => {
    const { get, post, store } = await start([
      { body: sentIn('chat-1'), webhookId: 'a' },
      { body: '{"event_type": 7}', webhookId: 'b' },
      { body: sentIn('chat-2'), webhookId: 'c', secret: OTHER_SECRET },
      { body: { event_type: 'reaction.added' }, webhookId: 'd' },
    ]);
    expect((await post('/status/quarantine/replay')).body).toEqual({ replayed: 2, failed: 2 });
    expect(await store.chat('chat-1')).toMatchObject({ firstOutboundAt: T, line: '+12025550100' });
    expect(await store.chat('chat-2')).toBeNull();
    expect((await get('/status/quarantine')).body.rows).toMatchObject([
      {
        eventId: 'c',
        cause: expect.stringContaining('add it to LINQ_WEBHOOK_SECRET again'),
        replayable: false,
      },
      { eventId: 'b', cause: expect.stringContaining('event_type'), replayable: false },
    ]);
    expect((await post('/status/quarantine/replay')).body).toEqual({ replayed: 0, failed: 2 });
  });

  it('ends the problem with the last of them', async () => {
    const { get, post } = await start([{ body: sentIn('chat-1') }]);
    const codes = async () => (await get('/status')).body.problems.map(({ code }: { code: string }) => code);
    expect(await codes()).toEqual(['unreadable_deliveries']);
    await post('/status/quarantine/replay');
    expect(await codes()).toEqual([]);
  });

  it('takes in every delivery of one event, also by an id of our own', async () => {
    const { post, store } = await start([
      { body: sentIn('chat-1'), webhookId: 'twice' },
      { body: sentIn('chat-1'), webhookId: 'twice' },
      { body: sentIn('chat-3'), webhookId: null },
    ]);
    expect((await post('/status/quarantine/replay?eventId=twice')).body).toEqual({ replayed: 2, failed: 0 });
    expect(await store.chat('chat-3')).toBeNull();
    expect((await post('/status/quarantine/replay?eventId=row-3')).body).toEqual({ replayed: 1, failed: 0 });
    expect(await store.chat('chat-3')).toMatchObject({ firstOutboundAt: T });
  });

  it('answers 404 for an event that is not there, and 400 for a parameter that it does not know', async () => {
    const { post, store } = await start([{ body: sentIn('chat-1') }]);
    expect(await post('/status/quarantine/replay?eventId=nobody')).toMatchObject({
      status: 404,
      body: { code: 'EVENT_NOT_FOUND' },
    });
    expect(await post('/status/quarantine/replay?event=msg_1')).toMatchObject({
      status: 400,
      body: { code: 'BAD_PARAMETER' },
    });
    expect((await store.summary(T)).quarantined.count).toBe(1);
  });

  it('keeps what the store refuses, with why', async () => {
    const { get, post, store } = await start([{ body: sentIn('chat-1') }]);
    store.record = async () => [{ kind: 'unstorable', cause: 'CHECK constraint failed' }];
    expect((await post('/status/quarantine/replay')).body).toEqual({ replayed: 0, failed: 1 });
    expect((await get('/status/quarantine')).body.rows).toMatchObject([
      { type: 'message.sent', cause: 'CHECK constraint failed', replayable: true },
    ]);
  });

  it('loses nothing when two replay at once while more comes in', async () => {
    const chats = Array.from({ length: 40 }, (_, index) => `chat-${index}`);
    const { post, store } = await start(chats.map((chatId) => ({ body: sentIn(chatId), webhookId: chatId })));
    const both = [post('/status/quarantine/replay'), post('/status/quarantine/replay')];
    await store.record([heldOf({ body: sentIn('late'), webhookId: 'late' })], 0);
    const results = await Promise.all(both);
    await post('/status/quarantine/replay');
    expect(results.reduce((sum, { body }) => sum + body.replayed + body.failed, 0)).toBeLessThanOrEqual(41);
    for (const chatId of [...chats, 'late']) expect(await store.chat(chatId)).not.toBeNull();
    expect((await store.summary(T)).quarantined.count).toBe(0);
  });
});

describe('the quarantine verbs', () => {
  async function startWith(held: readonly Held[]) {
    const service = await startService({
      parse(raw) {
        if (raw.includes('from_tomorrow'))
          throw new PayloadError('data: a format of tomorrow', 'message.sent');
        return parseDelivery(raw);
      },
    });
    for (const one of held) await service.store.record([heldOf(one)], 0);
    return service;
  }
  const unreadable = { body: { from_tomorrow: true }, webhookId: 'msg_new', receivedAt: T + MINUTE };

  it('list what is held back, and what can be done', async () => {
    const { run } = await startWith([{ body: sentIn('chat-1') }, unreadable]);
    expect((await run('quarantine list')).out).toBe(
      [
        'EVENT    TYPE  RECEIVED                 REPLAYABLE  CAUSE',
        'msg_new  –     2026-11-03 16:01:00 UTC  no          of yesterday',
        'msg_1    –     2026-11-03 16:00:00 UTC  yes         of yesterday',
        '',
        'This version can read 1 of 2: run `quarantine replay`.',
        '',
      ].join('\n'),
    );
    expect(JSON.parse((await run('quarantine list --json')).out).rows).toHaveLength(2);
  });

  it('list nothing when nothing is held back', async () => {
    expect((await (await startWith([])).run('quarantine list')).out).toBe('The quarantine is empty.\n');
  });

  it('replay all that can be, and end with 1 while something is left', async () => {
    const { run, store } = await startWith([{ body: sentIn('chat-1') }, unreadable]);
    expect(await run('quarantine replay')).toEqual({
      exitCode: 1,
      out: '1 replayed. 1 still can’t be read: `quarantine list` shows why.\n',
      error: '',
    });
    expect(await store.chat('chat-1')).not.toBeNull();
  });

  it('replay one event', async () => {
    const { run } = await startWith([{ body: sentIn('chat-1') }, unreadable]);
    expect(await run('quarantine replay msg_1 --json')).toMatchObject({
      exitCode: 0,
      out: `${JSON.stringify({ replayed: 1, failed: 0 }, null, 2)}\n`,
    });
    expect(await run('quarantine replay msg_1')).toMatchObject({
      exitCode: 1,
      error: expect.stringContaining('No such delivery in quarantine'),
    });
    expect(await run('quarantine replay msg_new')).toMatchObject({ exitCode: 1 });
  });

  it('replay nothing when nothing is held back', async () => {
    expect(await (await startWith([])).run('quarantine replay')).toMatchObject({
      exitCode: 0,
      out: 'The quarantine is empty.\n',
    });
  });
});
