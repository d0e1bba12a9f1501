import { describe, expect, it } from 'vitest';
import { MINUTE } from '../../../../src/decide/time.ts';
import { answerOf, LINE, lineEventOf, OTHER_LINE, outboundOf, T } from '../../../helpers/builders.ts';
import { startStatus } from '../harness.ts';

const HOLD = '/status/chats/chat-1/hold';

describe('PUT and DELETE /status/chats/{chatId}/hold', () => {
  it('holds a chat, since the first time it was asked for', async () => {
    const { put, clock, idle } = await startStatus({ events: [outboundOf(T)] });
    await idle();
    const held = await put(HOLD);
    expect(held).toMatchObject({
      status: 200,
      body: { chatId: 'chat-1', state: 'held', reason: 'operator', nextAttemptAt: null },
    });
    clock.advance(MINUTE);
    expect((await put(HOLD)).body).toEqual(held.body);
  });

  it('releases a chat, which is shared when its time has come', async () => {
    const { put, del, get, store, shared, idle } = await startStatus();
    await store.record([outboundOf(T)], T);
    await put(HOLD);
    expect(shared).toEqual([]);
    expect((await del(HOLD)).body).toMatchObject({ state: 'due', reason: 'became_eligible' });
    await idle();
    expect(shared).toEqual(['chat-1']);
    expect((await del(HOLD)).body).toMatchObject({ state: 'waiting' });
    expect((await get('/status/chats/chat-1')).body.shareCount).toBe(1);
  });

  it('releases a parked chat and one on the block list too', async () => {
    const { del, store, idle } = await startStatus({ events: [outboundOf(T)] });
    await idle();
    await store.updateChat(
      'chat-1',
      (chat) => ({ ...chat, parkedAt: T, blockedAt: T, operatorHeldAt: T }),
      T,
    );
    expect((await del(HOLD)).body).toMatchObject({ state: 'waiting', reason: 'window' });
  });

  it('answers 404 for a chat that is not known', async () => {
    const { put, del } = await startStatus();
    const unknown = { status: 404, body: { code: 'CHAT_NOT_FOUND' } };
    expect(await put('/status/chats/nobody/hold')).toMatchObject(unknown);
    expect(await del('/status/chats/nobody/hold')).toMatchObject(unknown);
  });

  it.each(['application/json', 'application/x-www-form-urlencoded', 'text/plain'])(
    'takes no notice of a body of type %s',
    async (type) => {
      const { put } = await startStatus({ events: [outboundOf(T)] });
      for (const payload of ['', 'anything']) {
        expect((await put(HOLD, { headers: { 'content-type': type }, payload })).status).toBe(200);
      }
    },
  );
});

describe('PUT and DELETE /status/pause', () => {
  it('stops and resumes all sharing, however often it is asked', async () => {
    const { put, del, get, store, shared, dispatcher, idle } = await startStatus();
    for (let again = 0; again < 2; again++) {
      expect(await put('/status/pause')).toMatchObject({ status: 200, body: { paused: true } });
    }
    await store.record([outboundOf(T)], T);
    dispatcher.nudge();
    await idle();
    expect(shared).toEqual([]);
    expect((await get('/status')).body).toMatchObject({ ok: true, paused: true, shares: { overdue: 0 } });
    for (let again = 0; again < 2; again++) {
      expect(await del('/status/pause')).toMatchObject({ status: 200, body: { paused: false } });
    }
    await idle();
    expect(shared).toEqual(['chat-1']);
  });
});

describe('DELETE /status/lines/{line}/hold', () => {
  const RELEASE = `/status/lines/${encodeURIComponent('+1•••••0100')}/hold`;

  it('ends what Linq said of the line, by its masked form or in full', async () => {
    const { del, get, clock, idle } = await startStatus({ events: [lineEventOf({ status: 'FLAGGED' })] });
    await idle();
    clock.advance(1);
    expect((await get('/status')).body.lines).toMatchObject([{ hold: 'line_flagged' }]);
    const { status, body } = await del(RELEASE);
    expect(status).toBe(200);
    expect(body).toMatchObject({ line: '+1•••••0100', chats: 0, hold: 'card_unknown', until: null });
    expect((await del(`/status/lines/${LINE}/hold`)).status).toBe(200);
  });

  it('ends a pause of the line, so that its chats go on at once', async () => {
    let answer = answerOf(403, 2027);
    const { del, shared, clock, idle } = await startStatus({
      events: [outboundOf(T)],
      share: async () => answer,
    });
    await idle();
    answer = answerOf(204);
    clock.advance(1);
    expect((await del(RELEASE)).body).toMatchObject({ chats: 1, hold: null });
    await idle();
    expect(shared).toEqual(['chat-1', 'chat-1']);
  });

  it('answers 404 for a line that is not known', async () => {
    const { del } = await startStatus();
    expect(await del(RELEASE)).toMatchObject({ status: 404, body: { code: 'LINE_NOT_FOUND' } });
  });

  it('names the lines that match when it takes no masked number for one of them', async () => {
    const events = [lineEventOf(), lineEventOf({ line: '+14155550100' }), lineEventOf({ line: OTHER_LINE })];
    const { del, idle } = await startStatus({ events });
    await idle();
    expect(await del('/status/lines/+1•••••0100/hold')).toMatchObject({
      status: 400,
      body: { code: 'AMBIGUOUS_LINE', message: expect.stringContaining(': +12•••••0100, +14•••••0100.') },
    });
    expect((await del('/status/lines/+14155550100/hold')).status).toBe(200);
  });

  it('takes each of two lines that end alike as they are shown', async () => {
    const other = '+14155550100';
    const events = [outboundOf(T), outboundOf(T, { chatId: 'chat-2', line: other })];
    const { del, get, idle } = await startStatus({ events, cards: [] });
    await idle();
    const { lines, problems } = (await get('/status')).body;
    const shown = lines.map(({ line }: { line: string }) => line);
    expect(shown).toEqual(['+12•••••0100', '+14•••••0100']);
    expect(problems.map(({ line }: { line: string }) => line).sort()).toEqual(shown);
    for (const { line, remedy } of problems) {
      expect(remedy).toContain(`line release ${line}`);
      const released = await del(`/status/lines/${encodeURIComponent(line)}/hold`);
      expect(released).toMatchObject({ status: 200, body: { line } });
    }
    const { chats } = (await get(`/status/chats?line=${encodeURIComponent(shown[1])}`)).body;
    expect(chats).toMatchObject([{ line: '+14•••••0100' }]);
  });
});
