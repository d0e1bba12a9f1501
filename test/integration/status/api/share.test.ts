import { describe, expect, it } from 'vitest';
import type { LinqAnswer } from '../../../../src/decide/outcome.ts';
import { HOUR, MINUTE } from '../../../../src/decide/time.ts';
import { answerOf, inboundOf, LINE, outboundOf, T } from '../../../helpers/builders.ts';
import { startStatus } from '../harness.ts';

const SHARE = '/status/chats/chat-1/share';

/** A call that Linq answers when told to. */
function heldCall() {
  let answer: (answer: LinqAnswer) => void = () => {};
  const answered = new Promise<LinqAnswer>((resolve) => {
    answer = resolve;
  });
  let note: () => void = () => {};
  const called = new Promise<void>((resolve) => {
    note = resolve;
  });
  const share = () => {
    note();
    return answered;
  };
  return { share, called, answer };
}

describe('POST /status/chats/{chatId}/share', () => {
  it('shares inside the window, counts it, and restarts the window', async () => {
    const { post, clock, shared, idle } = await startStatus({ events: [outboundOf(T)] });
    await idle();
    clock.advance(HOUR);
    const { status, body } = await post(SHARE);
    expect(status).toBe(200);
    expect(body.attempt).toMatchObject({ trigger: 'manual', outcome: 'shared', httpStatus: 204 });
    expect(body.chat).toMatchObject({
      chatId: 'chat-1',
      state: 'waiting',
      shareCount: 2,
      lastSharedAt: '2026-11-03T17:00:00.001Z',
      nextAttemptAt: '2026-11-04T17:00:00.001Z',
    });
    expect(shared).toEqual(['chat-1', 'chat-1']);
  });

  it('tells how an attempt that Linq refused ended', async () => {
    const events = [outboundOf(T)];
    const { post, idle } = await startStatus({ events, share: async () => answerOf(400, 1005) });
    await idle();
    const { status, body } = await post(SHARE);
    expect(status).toBe(200);
    expect(body.attempt).toMatchObject({ outcome: 'rejected', httpStatus: 400, linqCode: 1005 });
    expect(body.chat).toMatchObject({ state: 'retrying', reason: 'rejected' });
  });

  it('only records in a dry run', async () => {
    const { post, shared, idle } = await startStatus({ events: [outboundOf(T)], policy: { dryRun: true } });
    await idle();
    expect((await post(SHARE)).body.attempt).toMatchObject({ outcome: 'dry_run', httpStatus: null });
    expect(shared).toEqual([]);
  });

  it('answers 202 with the open attempt when it takes longer than 10 s', async () => {
    const { share, called, answer } = heldCall();
    const policy = { lines: new Set(['+12025550199']) }; // nothing is shared but at an operator's word
    const { post, get, clock, idle } = await startStatus({ events: [outboundOf(T)], policy, share });
    const answered = post(SHARE);
    await called;
    clock.advance(10_000);
    const { status, body } = await answered;
    expect(status).toBe(202);
    expect(body.attempt).toMatchObject({ trigger: 'manual', endedAt: null, outcome: null });
    expect(body.chat).toMatchObject({ state: 'sharing', reason: 'manual', nextAttemptAt: null });
    answer(answerOf(204));
    await idle();
    expect((await get('/status/chats/chat-1')).body.attempts[0]).toMatchObject({ outcome: 'shared' });
  });

  it('says that the attempt was interrupted when another replica ended it meanwhile', async () => {
    const { share, called, answer } = heldCall();
    const policy = { lines: new Set(['+12025550199']) };
    const { post, store, clock } = await startStatus({ events: [outboundOf(T)], policy, share });
    const answered = post(SHARE);
    await called;
    await store.wakeChats(clock.now() + 2 * MINUTE, 10); // the lease has run out, as that one sees it
    answer(answerOf(204));
    expect(await answered).toMatchObject({
      status: 200,
      body: { attempt: { trigger: 'manual', outcome: 'interrupted' }, chat: { state: 'held' } },
    });
  });

  it('answers 202 without an attempt when none could begin within 10 s', async () => {
    const { post, clock, dispatcher, idle } = await startStatus({ events: [outboundOf(T)] });
    await idle();
    dispatcher.shareManually = () => new Promise(() => {});
    const answered = post(SHARE);
    await idle();
    clock.advance(10_000);
    expect(await answered).toMatchObject({
      status: 202,
      body: { attempt: null, chat: { state: 'waiting' } },
    });
  });

  it.each([
    ['held by an operator', 'operator', 'Held by an operator since 2026-11-03 16:00:00 UTC'],
    ['paused', 'paused', 'an operator paused all sharing'],
    ['opted out', 'opted_out', 'The recipient opted out at 2026-11-03 16:00:00 UTC'],
  ])('answers 409 with state and reason when the chat is %s', async (_when, reason, why) => {
    const { post, put, store, idle } = await startStatus({ events: [outboundOf(T)] });
    await idle();
    if (reason === 'operator') await put('/status/chats/chat-1/hold');
    else if (reason === 'paused') await put('/status/pause');
    else await store.record([inboundOf(T, { isOptOut: true })], T);
    expect(await post(SHARE)).toMatchObject({
      status: 409,
      body: {
        statusCode: 409,
        code: 'NOT_SHAREABLE',
        error: 'Conflict',
        message: expect.stringContaining(why),
        state: 'held',
        reason,
      },
    });
  });

  it('answers 409 when the line has no card', async () => {
    const { post, idle } = await startStatus({ events: [outboundOf(T)], cards: [] });
    await idle();
    expect((await post(SHARE)).body).toMatchObject({ state: 'held', reason: 'card_missing' });
  });

  it('answers 409 while another attempt is under way', async () => {
    const { share, called, answer } = heldCall();
    const { post, idle } = await startStatus({ events: [outboundOf(T)], share, cards: [LINE] });
    await called;
    expect(await post(SHARE)).toMatchObject({
      status: 409,
      body: {
        state: 'sharing',
        message: expect.stringContaining('The contact card is being shared'),
      },
    });
    answer(answerOf(204));
    await idle();
  });

  it('answers 404 for a chat that is not known, and 503 while shutting down', async () => {
    const { post } = await startStatus({ events: [outboundOf(T)], deps: { isDraining: () => true } });
    expect(await post('/status/chats/nobody/share')).toMatchObject({
      status: 404,
      body: { code: 'CHAT_NOT_FOUND' },
    });
    expect(await post(SHARE)).toMatchObject({ status: 503, body: { code: 'SHUTTING_DOWN' } });
  });
});
