import { describe, expect, it } from 'vitest';
import type { LinqAnswer } from '../../../src/decide/outcome.ts';
import { DAY, HOUR, MINUTE, SECOND } from '../../../src/decide/time.ts';
import { answerOf, inboundOf, LINE, lineEventOf, OTHER_LINE, outboundOf, T } from '../../helpers/builders.ts';
import { activeCards, failed, later } from '../../helpers/fake-linq.ts';
import { type Reactor, type ReactorOptions, startReactor } from '../../helpers/reactor.ts';

/** Asks for a share and waits for what follows; null while it isn't answered. */
async function ask(reactor: Reactor, chatId = 'chat-1') {
  const share = reactor.dispatcher.shareManually(chatId);
  await reactor.idle();
  return Promise.race([share, null]);
}

const SHARED = { kind: 'settled', attempt: { trigger: 'manual', outcome: 'shared', httpStatus: 200 } };

describe("an operator's share", () => {
  it.each<[string, ReactorOptions, Parameters<Reactor['deliver']>]>([
    ['inside the window', {}, [outboundOf(T)]],
    ['of a chat that awaits an inbound message', { policy: { requireInbound: true } }, [outboundOf(T)]],
    ['of an idle chat', { policy: { idleAfterMs: HOUR } }, [outboundOf(T - DAY)]],
    ['of an excluded line', { policy: { lines: new Set([OTHER_LINE]) } }, [outboundOf(T)]],
    ['of an excluded group', { policy: { shareGroups: false } }, [outboundOf(T, { isGroup: true })]],
    ['of a chat that had its share', { policy: { reshare: 'once' } }, [outboundOf(T)]],
  ])('is made %s, counts, and restarts the window', async (_, options, events) => {
    const reactor = await startReactor(options);
    await reactor.deliver(...events);
    const before = reactor.linq.shares().length;
    reactor.clock.advance(HOUR);
    const { shareCount } = await reactor.chat();
    expect(await ask(reactor)).toMatchObject({ ...SHARED, chat: { shareCount: shareCount + 1 } });
    expect(reactor.linq.shares()).toHaveLength(before + 1);
    expect(await reactor.chat()).toMatchObject({ lastSharedAt: T + HOUR + 1 });
  });

  it('is followed by the next automatic one a whole window later', async () => {
    const reactor = await startReactor();
    await reactor.deliver(outboundOf(T));
    await reactor.leap(20 * HOUR);
    await ask(reactor);
    await reactor.leap(DAY);
    expect(reactor.linq.shares()).toHaveLength(2);
    await reactor.run(1);
    expect(reactor.linq.sharesOf('chat-1').at(-1)).toBe(T + 20 * HOUR + 1 + DAY);
  });

  it.each<[string, Parameters<Reactor['deliver']>, string, string]>([
    ['another service', [outboundOf(T, { service: 'SMS' })], 'held', 'not_imessage'],
    ['nothing sent', [inboundOf(T)], 'held', 'no_outbound'],
    ['an opt-out', [outboundOf(T), inboundOf(T + 1, { isOptOut: true })], 'held', 'opted_out'],
    ['a flagged line', [lineEventOf({ status: 'FLAGGED' }), outboundOf(T)], 'held', 'line_flagged'],
  ])('is refused with %s, with state and reason', async (_, events, state, reason) => {
    const reactor = await startReactor();
    reactor.clock.advance(MINUTE);
    await reactor.deliver(...events);
    expect(await ask(reactor)).toEqual({ kind: 'refused', state, reason });
    expect(reactor.linq.shares()).toEqual([]);
  });

  it.each(['missing', 'inactive'] as const)(
    'is refused when the card is %s, after a look at it',
    async (card) => {
      const reactor = await startReactor({ policy: { requireInbound: true } });
      const cards = card === 'inactive' ? [{ line: LINE, isActive: false }] : [];
      reactor.linq.script.cards = () => ({ kind: 'cards', cards });
      await reactor.deliver(outboundOf(T));
      expect(await ask(reactor)).toEqual({ kind: 'refused', state: 'held', reason: `card_${card}` });
      expect(reactor.linq.shares()).toEqual([]);
    },
  );

  it('waits for a look at the card that fails, and goes on when it works', async () => {
    const reactor = await startReactor({ policy: { requireInbound: true } });
    reactor.linq.script.cards = () => failed(answerOf(500));
    await reactor.deliver(outboundOf(T));
    const share = reactor.dispatcher.shareManually('chat-1');
    await reactor.run(2 * SECOND);
    expect(reactor.linq.shares()).toEqual([]);
    reactor.linq.script.cards = (line) => activeCards(line);
    await reactor.run(2 * SECOND);
    expect(await share).toMatchObject(SHARED);
  });

  it('is refused while the account is closed', async () => {
    const reactor = await startReactor();
    await reactor.deliver(outboundOf(T));
    await reactor.dispatcher.pause();
    expect(await ask(reactor)).toEqual({ kind: 'refused', state: 'held', reason: 'paused' });
  });

  it('is refused while an attempt of the chat is under way', async () => {
    const reactor = await startReactor();
    const slow = later<LinqAnswer>();
    reactor.linq.script.share = () => slow.promise;
    await reactor.deliver(outboundOf(T));
    expect(await ask(reactor)).toEqual({ kind: 'refused', state: 'sharing', reason: 'became_eligible' });
    slow.answer(answerOf());
    await reactor.idle();
    expect(reactor.linq.shares()).toHaveLength(1);
  });

  it('of a chat that nobody knows is not found', async () => {
    expect(await ask(await startReactor(), 'nobody')).toEqual({ kind: 'not_found' });
  });

  it('is made once when it is asked for twice at once', async () => {
    const reactor = await startReactor({ policy: { requireInbound: true } });
    const slow = later<LinqAnswer>();
    reactor.linq.script.share = () => slow.promise;
    await reactor.deliver(outboundOf(T));
    const both = [reactor.dispatcher.shareManually('chat-1'), reactor.dispatcher.shareManually('chat-1')];
    await reactor.idle();
    slow.answer(answerOf());
    await reactor.idle();
    const answers = await Promise.all(both);
    expect(answers.map(({ kind }) => kind).sort()).toEqual(['refused', 'settled']);
  });

  it('tells a failure, and leaves the chat to its backoff', async () => {
    const reactor = await startReactor();
    await reactor.deliver(outboundOf(T));
    reactor.linq.script.share = () => answerOf(500, 3006);
    expect(await ask(reactor)).toMatchObject({
      kind: 'settled',
      attempt: { outcome: 'retry', linqCode: 3006 },
    });
    await reactor.run(HOUR);
    expect(reactor.linq.shares()).toHaveLength(2);
  });

  it('only pretends in a dry run', async () => {
    const reactor = await startReactor({ policy: { dryRun: true, requireInbound: true } });
    await reactor.deliver(outboundOf(T));
    expect(await ask(reactor)).toMatchObject({ kind: 'settled', attempt: { outcome: 'dry_run' } });
    expect(reactor.linq.shares()).toEqual([]);
  });
});
