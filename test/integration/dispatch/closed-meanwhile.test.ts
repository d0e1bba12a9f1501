import { describe, expect, it } from 'vitest';
import { DAY, HOUR, MINUTE, SECOND } from '../../../src/decide/time.ts';
import { answerOf, LINE, outboundOf, T } from '../../helpers/builders.ts';
import { activeCards, later } from '../../helpers/fake-linq.ts';
import { startReactor } from '../../helpers/reactor.ts';

const chats = (count: number) =>
  Array.from({ length: count }, (_, index) => outboundOf(T, { chatId: `chat-${index}` }));
const unknown = { line: LINE, service: null };
const FOUND = { kind: 'chat' as const, line: LINE, service: 'iMessage', isGroup: false };

describe('a share that waits for a look at its chat', () => {
  it("isn't made once the operator's pause is stored, and is made after it", async () => {
    const { linq, deliver, dispatcher, idle, run } = await startReactor();
    await deliver(outboundOf(T, { chatId: 'warms-the-card' }));
    const look = later<typeof FOUND>();
    linq.script.chat = () => look.promise;
    await deliver(outboundOf(T, { chatId: 'c1', ...unknown }));
    await dispatcher.pause();
    look.answer(FOUND);
    await idle();
    await run(HOUR);
    expect(linq.sharesOf('c1')).toEqual([]);
    await dispatcher.resume();
    await idle();
    expect(linq.sharesOf('c1')).toHaveLength(1);
  });

  it('is not made to someone whose health says there that they opted out', async () => {
    const { linq, deliver, chat, run } = await startReactor();
    linq.script.chat = () => ({ ...FOUND, health: { status: 'OPTED_OUT', at: T - HOUR } });
    await deliver(outboundOf(T, { chatId: 'c1', ...unknown }));
    await run(2 * DAY);
    expect(linq.shares()).toEqual([]);
    expect(await chat('c1')).toMatchObject({ state: 'held', reason: 'opted_out', healthAt: T - HOUR });
  });
});

describe('the breaker', () => {
  it('stands while shares fail, however well looks at the cards are answered', async () => {
    const { linq, deliver, dispatcher, run } = await startReactor({ concurrency: 1, cardTtlMs: MINUTE });
    linq.script.share = () => answerOf(500);
    await deliver(...chats(5));
    const since = dispatcher.snapshot().account?.since;
    expect(dispatcher.snapshot().account?.reason).toBe('api_unavailable');
    for (let minute = 0; minute < 60; minute++) await run(MINUTE);
    expect(dispatcher.snapshot().account).toMatchObject({ reason: 'api_unavailable', since });
    linq.script.share = () => answerOf(204);
    await run(30 * MINUTE);
    expect(dispatcher.snapshot().account).toBeNull();
    expect(new Set(linq.shares().map(({ subject }) => subject)).size).toBe(5);
  });

  it('that refusals opened is tried with one chat at a time, whatever the answer', async () => {
    const { linq, deliver, run } = await startReactor({ concurrency: 1 });
    linq.script.share = () => answerOf(404, 2001);
    await deliver(...chats(5));
    linq.script.share = () => answerOf(403, 2024);
    linq.clear();
    await run(4 * SECOND - 1);
    expect(linq.shares()).toHaveLength(2);
  });
});

describe('a line that is flagged', () => {
  it("isn't tried while its card can't be shared", async () => {
    const { linq, deliver, run } = await startReactor();
    linq.script.cards = () => ({ kind: 'cards', cards: [{ line: LINE, isActive: false }] });
    await deliver(
      { kind: 'line', line: LINE, at: T, status: 'FLAGGED', reputation: null },
      outboundOf(T, { chatId: 'c1' }),
    );
    await run(7 * HOUR);
    expect(linq.shares()).toEqual([]);
    linq.script.cards = activeCards;
    await run(MINUTE * 3);
    expect(linq.shares()).toHaveLength(1);
  });
});
