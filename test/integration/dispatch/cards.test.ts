import { describe, expect, it } from 'vitest';
import { CARD_SETTLES_MS } from '../../../src/decide/holds.ts';
import { DAY, MINUTE } from '../../../src/decide/time.ts';
import { answerOf, LINE, lineEventOf, OTHER_LINE, outboundOf, T } from '../../helpers/builders.ts';
import { activeCards } from '../../helpers/fake-linq.ts';
import { type Reactor, startReactor } from '../../helpers/reactor.ts';

const chats = (count: number, from = 0) =>
  Array.from({ length: count }, (_, index) => outboundOf(T, { chatId: `chat-${from + index}` }));
const cardOf = ({ dispatcher }: Reactor) =>
  dispatcher.snapshot().lines.find(({ line }) => line.line === LINE)?.line.card;
const holdOf = ({ dispatcher }: Reactor) =>
  dispatcher.snapshot().lines.find(({ line }) => line.line === LINE)?.hold?.reason ?? null;
const none = { kind: 'cards', cards: [] } as const;
const inactive = { kind: 'cards', cards: [{ line: LINE, isActive: false }] } as const;

describe('the card of a line', () => {
  it('is looked at before the first share and then every 10 min, only while chats are due', async () => {
    const { deliver, linq, run } = await startReactor();
    await deliver(...chats(50));
    expect(linq.looks()).toHaveLength(1);
    expect(linq.calls[0]).toMatchObject({ kind: 'cards', subject: LINE });
    await run(9 * MINUTE);
    await deliver(...chats(1, 50));
    expect(linq.looks()).toHaveLength(1);
    await run(2 * MINUTE);
    expect(linq.looks()).toHaveLength(1);
    await deliver(...chats(1, 51));
    expect(linq.looks()).toHaveLength(2);
    expect(linq.shares()).toHaveLength(52);
  });

  it.each([
    ['missing', none],
    ['inactive', inactive],
    ['missing', activeCards(OTHER_LINE)],
  ])('that is %s holds all its chats; once it is active they go on within 2 min', async (card, answer) => {
    const reactor = await startReactor();
    reactor.linq.script.cards = () => answer;
    await reactor.deliver(...chats(20));
    await reactor.run(30 * MINUTE);
    expect(cardOf(reactor)).toBe(card);
    expect(holdOf(reactor)).toBe(`card_${card}`);
    expect(reactor.linq.shares()).toEqual([]);
    expect(reactor.linq.looks().length).toBeLessThanOrEqual(16);
    reactor.linq.script.cards = (line) => activeCards(line);
    await reactor.run(2 * MINUTE);
    expect(reactor.linq.shares()).toHaveLength(20);
  });

  it('counts as active when one of its cards is', async () => {
    const { deliver, linq } = await startReactor();
    linq.script.cards = () => ({
      kind: 'cards',
      cards: [...inactive.cards, { line: LINE, isActive: true }],
    });
    await deliver(...chats(1));
    expect(linq.shares()).toHaveLength(1);
  });

  it('that Linq says is missing (2012) closes the line whatever the last look said, for 2 min at most', async () => {
    const reactor = await startReactor({ concurrency: 1 });
    reactor.linq.script.share = () => answerOf(404, 2012);
    await reactor.deliver(...chats(10));
    expect(reactor.linq.shares()).toHaveLength(1);
    expect(holdOf(reactor)).toBe('card_missing');
    reactor.linq.script.share = () => answerOf();
    await reactor.run(2 * MINUTE - 1);
    expect(reactor.linq.shares()).toHaveLength(1);
    await reactor.run(5);
    expect(reactor.linq.shares()).toHaveLength(11);
    expect(reactor.linq.looks()).toHaveLength(2);
  });

  it("that isn't usable is looked at on and on without chats, so that its problem ends by itself", async () => {
    const reactor = await startReactor();
    reactor.linq.script.share = () => answerOf(404, 2012);
    await reactor.deliver(...chats(1));
    await reactor.store.updateChat('chat-0', (chat) => ({ ...chat, operatorHeldAt: T }), T);
    await reactor.run(3 * MINUTE);
    expect(cardOf(reactor)).toBe('active');
  });

  it.each([
    ['a restart', (reactor: Reactor) => reactor.stop().then(() => reactor.restart())],
    ['a release of its line', (reactor: Reactor) => reactor.dispatcher.releaseLine(LINE).then(() => reactor)],
  ])("that wasn't usable is looked at after %s, though no chat is due", async (_what, happen) => {
    const before = await startReactor();
    before.linq.script.cards = () => none;
    await before.deliver(...chats(1));
    await before.store.updateChat('chat-0', (chat) => ({ ...chat, operatorHeldAt: T }), T);
    before.linq.script.cards = (line) => activeCards(line);
    const reactor = await happen(before);
    await reactor.idle();
    expect(cardOf(reactor)).toBe('active');
    expect(reactor.linq.shares()).toEqual([]);
  });

  it('is looked at anew after a restart, and shown meanwhile as it was', async () => {
    const first = await startReactor();
    first.linq.script.cards = () => inactive;
    await first.deliver(...chats(1));
    await first.stop();
    expect((await first.restart()).dispatcher.snapshot().lines[0]?.line.card).toBe('inactive');
    expect(first.linq.looks()).toHaveLength(2);
  });

  it('that changed at Linq is looked at again at once, although it was believed and no chat is due', async () => {
    const reactor = await startReactor();
    await reactor.deliver(...chats(1));
    reactor.linq.script.cards = () => inactive;
    reactor.dispatcher.cardChanged(LINE);
    await reactor.idle();
    expect(reactor.linq.looks()).toHaveLength(2);
    expect(holdOf(reactor)).toBe('card_inactive');
    await reactor.deliver(...chats(1, 1));
    expect(reactor.linq.shares()).toHaveLength(1);
    reactor.linq.script.cards = (line) => activeCards(line);
    reactor.dispatcher.cardChanged(LINE);
    await reactor.idle();
    expect(reactor.linq.shares()).toHaveLength(2);
  });

  it('that changed on a line that nobody knows is no reason to look', async () => {
    const reactor = await startReactor();
    reactor.dispatcher.cardChanged(OTHER_LINE);
    await reactor.idle();
    expect(reactor.linq.looks()).toEqual([]);
    await reactor.deliver(lineEventOf({ line: OTHER_LINE }));
    expect(reactor.linq.looks()).toEqual([]); // nor was it remembered
  });

  it('is looked at as soon as an operator releases the line', async () => {
    const reactor = await startReactor();
    reactor.linq.script.cards = () => none;
    await reactor.deliver(...chats(1));
    reactor.linq.script.cards = (line) => activeCards(line);
    await reactor.dispatcher.releaseLine(LINE);
    await reactor.idle();
    expect(reactor.linq.shares()).toHaveLength(1);
  });
});

describe('a card that changes', () => {
  const once = { reshare: 'once', reshareOnCardChange: true } as const;
  const named = (digest: string) => () =>
    ({ kind: 'cards', cards: [{ line: LINE, isActive: true, digest }] }) as const;
  /** Three chats that have the card `a`, two days ago. */
  async function startShared(ratePerLine = 0): Promise<Reactor> {
    const reactor = await startReactor({ policy: once, ratePerLine });
    reactor.linq.script.cards = named('a');
    await reactor.deliver(...chats(3));
    await reactor.run(2 * DAY);
    expect(reactor.linq.shares()).toHaveLength(3);
    reactor.linq.clear();
    return reactor;
  }
  const change = async (reactor: Reactor, digest: string) => {
    reactor.linq.script.cards = named(digest);
    await reactor.deliver({ kind: 'card', line: LINE, changedAt: reactor.clock.now() });
    reactor.dispatcher.cardChanged(LINE);
    await reactor.idle();
  };

  it('is shared once more, when it has stayed the same for 2 min', async () => {
    const reactor = await startShared();
    await change(reactor, 'b');
    await reactor.run(MINUTE);
    await change(reactor, 'c');
    await reactor.run(CARD_SETTLES_MS - 1);
    expect(reactor.linq.shares()).toEqual([]);
    await reactor.run(1);
    expect(reactor.linq.shares()).toHaveLength(3);
    await reactor.run(3 * DAY);
    expect(reactor.linq.shares()).toHaveLength(3);
  });

  it('is noticed by the check before a share, too, and keeps the pace of its line', async () => {
    const reactor = await startShared(2);
    reactor.linq.script.cards = named('b');
    await reactor.deliver(outboundOf(reactor.clock.now(), { chatId: 'new' }));
    const settledAt = reactor.clock.now() + CARD_SETTLES_MS;
    await reactor.run(CARD_SETTLES_MS + MINUTE);
    expect(reactor.linq.sharesOf('new')).toHaveLength(1);
    const again = reactor.linq.shares().filter(({ subject }) => subject !== 'new');
    expect(again.map(({ at }) => Math.floor((at - settledAt) / 500))).toEqual([0, 1, 2]);
  });

  it('is shared after a restart if it settled meanwhile', async () => {
    const before = await startShared();
    await change(before, 'b');
    await before.stop();
    before.clock.advance(DAY);
    const reactor = await before.restart();
    await reactor.run(MINUTE);
    expect(reactor.linq.shares()).toHaveLength(3);
    expect(await reactor.store.cardShares(reactor.clock.now())).toMatchObject([{ sharedAgain: 3, left: 0 }]);
  });
});
