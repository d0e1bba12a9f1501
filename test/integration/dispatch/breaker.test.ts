import { describe, expect, it } from 'vitest';
import type { LinqAnswer } from '../../../src/decide/outcome.ts';
import { HOUR, MINUTE, SECOND } from '../../../src/decide/time.ts';
import { answerOf, LINE, lineEventOf, OTHER_LINE, outboundOf, silenceOf, T } from '../../helpers/builders.ts';
import { activeCards, failed } from '../../helpers/fake-linq.ts';
import { type Reactor, startReactor } from '../../helpers/reactor.ts';

const chats = (count: number, from = 0) =>
  Array.from({ length: count }, (_, index) => outboundOf(T, { chatId: `chat-${from + index}` }));
const accountReason = ({ dispatcher }: Reactor) => dispatcher.snapshot().account?.reason ?? null;
const BACKOFF = 15 * MINUTE;

describe('five transient failures in a row over different chats', () => {
  it('open the breaker: nothing but one probe is sent, after 1 s doubling to 60 s', async () => {
    const reactor = await startReactor({ concurrency: 1 });
    const { linq, deliver, run } = reactor;
    linq.script.share = () => answerOf(500);
    await deliver(...chats(5));
    expect(linq.shares()).toHaveLength(5);
    expect(accountReason(reactor)).toBe('api_unavailable');
    await deliver(...chats(40, 5));
    linq.clear();
    await run(5 * MINUTE);
    const starts = linq.calls.map(({ at }) => at);
    const waits = starts.map((at, index) => at - (index === 0 ? T : (starts[index - 1] ?? 0)));
    expect(waits).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60].map((seconds) => seconds * SECOND));
  });

  it('let the rest go on once a probe succeeds', async () => {
    const reactor = await startReactor({ concurrency: 1 });
    const { linq, deliver, run } = reactor;
    linq.script.share = () => answerOf(500);
    await deliver(...chats(5));
    await deliver(...chats(20, 5));
    linq.script.share = () => answerOf();
    linq.clear();
    await run(SECOND - 1);
    expect(linq.calls).toEqual([]);
    await run(1);
    expect(accountReason(reactor)).toBeNull();
    expect(linq.shares()).toHaveLength(20);
    await run(MINUTE);
    expect(linq.shares()).toHaveLength(25);
  });

  it('let the rest go on when the probe is refused: Linq is there', async () => {
    const reactor = await startReactor({ concurrency: 1 });
    reactor.linq.script.share = () => silenceOf();
    await reactor.deliver(...chats(6));
    reactor.linq.script.share = () => answerOf(400, 1005);
    await reactor.run(SECOND);
    expect(accountReason(reactor)).toBeNull();
  });

  it('survive a restart, and the probe comes soon', async () => {
    const first = await startReactor({ concurrency: 1 });
    first.linq.script.share = () => answerOf(500);
    await first.deliver(...chats(8));
    await first.crash();
    first.linq.script.cards = () => failed(answerOf(500));
    first.linq.clear();
    const second = await first.restart();
    expect(accountReason(second)).toBe('api_unavailable');
    await second.run(SECOND);
    expect(first.linq.calls).toHaveLength(1);
  });

  it('are probed with a look at the cards when no chat is due, which ends what looks began', async () => {
    const reactor = await startReactor();
    const { linq, deliver, run } = reactor;
    linq.script.cards = () => failed(answerOf(502, null, { isJson: false, hasEnvelope: false }));
    await deliver(...chats(1));
    await run(MINUTE);
    expect(accountReason(reactor)).toBe('api_unavailable');
    linq.script.cards = (line) => activeCards(line);
    await run(2 * MINUTE);
    expect(accountReason(reactor)).toBeNull();
    expect(linq.shares()).toHaveLength(1);
  });

  it('are probed with looks at the cards, too, which alone end nothing that shares began', async () => {
    const reactor = await startReactor();
    const { linq, deliver, run } = reactor;
    linq.script.share = () => answerOf(500, null, { retryAfterMs: HOUR });
    await deliver(...chats(5));
    linq.clear();
    await run(10 * SECOND);
    expect(linq.calls.map(({ kind, at }) => [kind, at - T])).toEqual([
      ['cards', SECOND],
      ['cards', 3 * SECOND],
      ['cards', 7 * SECOND],
    ]);
    expect(accountReason(reactor)).toBe('api_unavailable');
  });

  it('are probed by one call at a time, however long it takes and whatever happens meanwhile', async () => {
    const reactor = await startReactor({ concurrency: 16 });
    const { linq, deliver, run, clock } = reactor;
    linq.script.share = () => answerOf(500);
    await deliver(...chats(5));
    await deliver(...chats(5, 5));
    linq.clear();
    linq.script.share = () => new Promise<LinqAnswer>(() => {});
    await run(SECOND);
    for (let index = 0; index < 10; index++) {
      clock.advance(SECOND);
      await deliver(outboundOf(T, { chatId: `new-${index}` }));
    }
    expect(linq.calls).toHaveLength(1);
  });

  it('are probed by one call, however many lines have chats due and cards to look at', async () => {
    const reactor = await startReactor({ concurrency: 16 });
    const { linq, deliver, run } = reactor;
    const lines = Array.from({ length: 10 }, (_, index) => `+1202555011${index}`);
    linq.script.share = () => answerOf(500);
    await deliver(...chats(5));
    linq.script.cards = () => failed(answerOf(500));
    await deliver(...lines.map((line) => outboundOf(T, { chatId: line, line })), ...chats(1, 90));
    linq.clear();
    await run(SECOND);
    expect(linq.calls).toHaveLength(1);
    await run(2 * SECOND);
    expect(linq.calls).toHaveLength(2);
  });
});

describe('a breaker while no chat can be tried soon', () => {
  const FLAGGED = lineEventOf({ at: T, status: 'FLAGGED' });
  const reasons = ({ dispatcher }: Reactor) => dispatcher.snapshot().holds.map(({ reason }) => reason);

  async function startOpen(answer: LinqAnswer): Promise<Reactor> {
    const reactor = await startReactor({ concurrency: 1 });
    reactor.linq.script.share = () => answer;
    await reactor.deliver(...chats(5));
    expect(accountReason(reactor)).toBe('api_unavailable');
    reactor.linq.clear();
    return reactor;
  }

  it.each([
    ['failures', answerOf(500)],
    ['refusals', answerOf(403)],
  ])('after five %s ends with a good look at the cards, and one more opens it again', async (_, answer) => {
    const reactor = await startOpen(answer);
    await reactor.deliver(FLAGGED);
    await reactor.run(SECOND);
    expect(reactor.linq.calls).toMatchObject([{ kind: 'cards', subject: null }]);
    expect(reasons(reactor)).toEqual([]);
    expect(reactor.dispatcher.snapshot().lines).toMatchObject([{ hold: { reason: 'line_flagged' } }]);
    const added = chats(5, 5);
    await reactor.deliver(...added);
    await reactor.dispatcher.releaseLine(LINE);
    await reactor.idle();
    expect(accountReason(reactor)).toBe('api_unavailable');
    expect(added.filter(({ chatId }) => reactor.linq.sharesOf(chatId).length > 0).length).toBeLessThan(2);
    const { store, clock } = reactor;
    expect((await store.counts(clock.now())).map(({ state }) => state)).not.toContain('retired');
  });

  it.each([
    [
      'its line has no card',
      (reactor: Reactor) => {
        reactor.linq.script.cards = () => ({ kind: 'cards', cards: [] });
        reactor.dispatcher.cardChanged(LINE);
      },
    ],
    ['sharing is paused', (reactor: Reactor) => reactor.dispatcher.pause()],
    [
      'all of them are held',
      async (reactor: Reactor) => {
        for (let index = 0; index < 5; index++)
          await reactor.store.updateChat(`chat-${index}`, (chat) => ({ ...chat, operatorHeldAt: T }), T);
      },
    ],
  ] as const)('ends, too, when %s', async (_, close) => {
    const reactor = await startOpen(answerOf(500));
    await close(reactor);
    await reactor.run(10 * MINUTE);
    expect(reasons(reactor)).not.toContain('api_unavailable');
    expect(reactor.linq.shares()).toEqual([]);
  });

  it('lasts while the cards can’t be looked at', async () => {
    const reactor = await startOpen(answerOf(500));
    reactor.linq.script.cards = () => failed(answerOf(500));
    await reactor.deliver(FLAGGED);
    await reactor.run(HOUR);
    expect(accountReason(reactor)).toBe('api_unavailable');
  });

  it('lasts while another line has a chat to try', async () => {
    const reactor = await startOpen(answerOf(500));
    await reactor.deliver(FLAGGED, outboundOf(T, { chatId: 'other', line: OTHER_LINE }));
    await reactor.run(HOUR);
    expect(accountReason(reactor)).toBe('api_unavailable');
    expect(reactor.linq.sharesOf('other').length).toBeGreaterThan(5);
  });
});

describe('failures that open no breaker', () => {
  it('are those of one chat, however many', async () => {
    const reactor = await startReactor();
    reactor.linq.script.share = () => answerOf(500);
    await reactor.deliver(outboundOf(T));
    await reactor.run(BACKOFF);
    expect(reactor.linq.shares().length).toBeGreaterThan(8);
    expect(accountReason(reactor)).toBeNull();
  });

  it('are those between which Linq answers anything else', async () => {
    const reactor = await startReactor({ concurrency: 1 });
    const { linq, deliver, run } = reactor;
    let count = 0;
    const answers = [answerOf(400, 1005), answerOf()];
    linq.script.share = () => (++count % 5 === 0 ? answers[(count / 5) % 2] : null) ?? answerOf(500);
    await deliver(...chats(25));
    await run(BACKOFF);
    expect(linq.shares().length).toBeGreaterThan(40);
    expect(reactor.logged.filter(({ event }) => event === 'hold.opened')).toEqual([]);
  });
});

describe('a breaker that a dry run finds open', () => {
  it.each([
    ['five failures', answerOf(500)],
    ['five refusals', answerOf(403)],
  ])('after %s is closed by the first look at a card, since no share can', async (_, answer) => {
    const reactor = await startReactor();
    reactor.linq.script.share = () => answer;
    await reactor.deliver(...chats(5));
    expect(accountReason(reactor)).toBe('api_unavailable');
    await reactor.stop();
    const dry = await reactor.restart({ policy: { dryRun: true } });
    await dry.run(2 * SECOND);
    expect(accountReason(dry)).toBeNull();
    expect(dry.linq.shares()).toHaveLength(5);
    await dry.stop();
    const live = await dry.restart({ policy: { dryRun: false } });
    await live.deliver(outboundOf(live.clock.now(), { chatId: 'new' }));
    expect(accountReason(live)).toBe('api_unavailable');
  });
});

describe('a card that cannot be looked at', () => {
  it('is looked at again like after any transient failure, and closes its line alone', async () => {
    const reactor = await startReactor();
    const { linq, deliver, run, dispatcher } = reactor;
    linq.script.cards = (line) => (line === OTHER_LINE ? failed(answerOf(500)) : activeCards(line));
    await deliver(outboundOf(T, { line: OTHER_LINE, chatId: 'other' }), outboundOf(T));
    await run(4 * SECOND);
    expect(linq.shares().map(({ subject }) => subject)).toEqual(['chat-1']);
    const looks = linq.looks().filter(({ subject }) => subject === OTHER_LINE);
    expect(looks.map(({ at }) => at - T)).toEqual([0, SECOND, 3 * SECOND]);
    const shown = dispatcher.snapshot().lines.find(({ line }) => line.line === OTHER_LINE);
    expect(shown?.hold?.reason).toBe('card_unknown');
    linq.script.cards = (line) => activeCards(line);
    await run(4 * SECOND);
    expect(linq.sharesOf('other')).toEqual([T + 7 * SECOND]);
  });

  it('is taken for what it was when it could be looked at before', async () => {
    const { linq, deliver, run } = await startReactor();
    await deliver(outboundOf(T));
    linq.script.cards = () => failed(answerOf(500));
    await run(11 * MINUTE);
    await deliver(outboundOf(T + 11 * MINUTE, { chatId: 'chat-2' }));
    expect(linq.sharesOf('chat-2')).toHaveLength(1);
  });
});
