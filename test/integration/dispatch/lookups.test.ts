import { describe, expect, it } from 'vitest';
import { DAY, SECOND } from '../../../src/decide/time.ts';
import { answerOf, LINE, OTHER_LINE, outboundOf, silenceOf, T } from '../../helpers/builders.ts';
import { type FakeLinq, failed } from '../../helpers/fake-linq.ts';
import { startReactor } from '../../helpers/reactor.ts';

const unknown = { line: null, service: null, isGroup: null };
const kinds = ({ calls }: FakeLinq) => calls.map(({ kind }) => kind);
const told = (parts: object) => ({
  kind: 'chat' as const,
  line: LINE,
  service: 'iMessage',
  isGroup: false,
  ...parts,
});

describe('look-ups', () => {
  const many = (count: number, evidence: object) =>
    Array.from({ length: count }, (_, index) => outboundOf(T, { chatId: `c${index}`, ...evidence }));
  const looked = ({ calls }: FakeLinq) => calls.filter(({ kind }) => kind === 'chat');

  it.each([
    ['line', { line: null }],
    ['service, on one line', { service: null }],
  ])('of an unknown %s are five a second in all, and all are made in the end', async (_, evidence) => {
    const { deliver, linq, run } = await startReactor();
    await deliver(...many(40, evidence));
    await run(SECOND);
    expect(looked(linq)).toHaveLength(5);
    await run(8 * SECOND);
    expect(looked(linq)).toHaveLength(40);
    await run(SECOND);
    expect(linq.shares()).toHaveLength(40);
  });

  it('are paced over all lines together, and those asked for by hand with them', async () => {
    const { deliver, linq, run, dispatcher } = await startReactor();
    const onLines = many(20, { service: null }).map((event, index) => ({
      ...event,
      ...outboundOf(T, { chatId: `c${index}`, service: null, line: `+1202555${1000 + index}` }),
    }));
    await deliver(...onLines);
    const byHand = dispatcher.shareManually('c19');
    await run(SECOND);
    expect(looked(linq)).toHaveLength(5);
    await run(5 * SECOND);
    expect(looked(linq)).toHaveLength(20);
    expect((await byHand).kind).toBe('settled');
  });

  it('count as attempts at once', async () => {
    const { deliver, linq, run } = await startReactor({ concurrency: 2 });
    linq.script.chat = () => new Promise(() => {});
    await deliver(...many(10, { line: null }));
    await run(10 * SECOND);
    expect(linq.open()).toBe(2);
  });

  it.each([
    ['not ours', answerOf(403, 2006)],
    ['paused', answerOf(403, 2027)],
    ['without a card', answerOf(404, 2012)],
  ])(
    'that Linq refuses, since the line is %s, wait by themselves when the line is unknown',
    async (_how, answer) => {
      const { deliver, linq, run, chat } = await startReactor();
      linq.script.chat = (chatId) => (chatId === 'refused' ? failed(answer) : told({ line: OTHER_LINE }));
      await deliver(outboundOf(T, { chatId: 'refused', line: null }));
      await run(SECOND);
      await deliver(...many(3, { line: null }));
      await run(DAY - SECOND);
      expect(linq.calls.filter(({ subject }) => subject === 'refused')).toHaveLength(1);
      expect(await chat('refused')).toMatchObject({ state: 'retrying', reason: 'rejected' });
      expect(linq.shares().map(({ subject }) => subject)).toEqual(['c0', 'c1', 'c2']);
      await run(SECOND);
      expect(linq.calls.filter(({ subject }) => subject === 'refused')).toHaveLength(2);
    },
  );

  it("don't hold up chats of other lines", async () => {
    const { deliver, linq } = await startReactor();
    await deliver(...many(40, { line: null }), outboundOf(T, { chatId: 'known' }));
    expect(linq.sharesOf('known')).toEqual([T]);
  });
});

describe('facts that no event told', () => {
  it('are asked for before the share, once', async () => {
    const { deliver, linq, chat, leap } = await startReactor();
    await deliver(outboundOf(T, unknown));
    expect(kinds(linq)).toEqual(['chat', 'cards', 'share']);
    expect(await chat()).toMatchObject({ line: LINE, service: 'iMessage', isGroup: false, shareCount: 1 });
    await leap(DAY + SECOND);
    expect(kinds(linq).filter((kind) => kind === 'chat')).toHaveLength(1);
    expect(linq.shares()).toHaveLength(2);
  });

  it("don't bring the chat past its line's card, holds and settings", async () => {
    const { deliver, linq, chat } = await startReactor({ policy: { lines: new Set([OTHER_LINE]) } });
    await deliver(outboundOf(T, unknown));
    expect(kinds(linq)).toEqual(['chat']);
    expect(await chat()).toMatchObject({ state: 'held', reason: 'line_excluded' });
  });

  it.each([
    ['a group, and groups are excluded', { isGroup: true }, 'group_excluded'],
    ['on another service', { service: 'SMS' }, 'not_imessage'],
    ['of no known line', { line: null }, 'line_unknown'],
    ['of no known service', { service: null }, 'not_imessage'],
  ])('hold the chat when it is %s, until the next event', async (_, parts, reason) => {
    const { deliver, linq, chat, leap, attempts } = await startReactor({ policy: { shareGroups: false } });
    linq.script.chat = () => told(parts);
    await deliver(outboundOf(T, unknown));
    await leap(DAY);
    expect(kinds(linq)).toEqual(['chat']);
    expect(await chat()).toMatchObject({ state: 'held', reason });
    expect(await attempts()).toEqual([]);
    await deliver(outboundOf(T + DAY));
    expect(linq.shares()).toHaveLength(1);
  });

  it.each(['line', 'service'] as const)('are asked for when only the %s lacks', async (fact) => {
    const { deliver, linq } = await startReactor();
    await deliver(outboundOf(T, { [fact]: null }));
    expect(kinds(linq).filter((kind) => kind === 'chat')).toHaveLength(1);
    expect(linq.shares()).toHaveLength(1);
  });

  it("aren't asked for when only the group lacks and groups are welcome", async () => {
    const { deliver, linq } = await startReactor();
    await deliver(outboundOf(T, { isGroup: null }));
    expect(kinds(linq)).toEqual(['cards', 'share']);
  });

  it('that fail to be read are asked for again after a backoff', async () => {
    const { deliver, linq, run, attempts } = await startReactor();
    linq.script.chat = () => failed(silenceOf(false));
    await deliver(outboundOf(T, unknown));
    await run(4 * SECOND);
    expect(linq.calls.map(({ kind, at }) => [kind, Math.floor((at - T) / SECOND)])).toEqual([
      ['chat', 0],
      ['chat', 1],
      ['chat', 3],
    ]);
    expect((await attempts()).map(({ outcome }) => outcome)).toEqual(['retry', 'retry', 'retry']);
    linq.script.chat = () => told({});
    await run(4 * SECOND);
    expect(linq.shares()).toHaveLength(1);
  });

  it('of a chat that is gone retire it', async () => {
    const { deliver, linq, chat } = await startReactor();
    linq.script.chat = () => failed(answerOf(404, 2001));
    await deliver(outboundOf(T, unknown));
    expect(await chat()).toMatchObject({ state: 'retired', reason: 'chat_gone' });
  });

  it('are asked for in a dry run too, since it decides by them', async () => {
    const { deliver, linq, attempts } = await startReactor({ policy: { dryRun: true } });
    await deliver(outboundOf(T, unknown));
    expect(kinds(linq)).toEqual(['chat', 'cards']);
    expect(await attempts()).toMatchObject([{ outcome: 'dry_run' }]);
  });

  it('are asked for before a share by hand', async () => {
    const { deliver, linq, dispatcher, run } = await startReactor({ policy: { requireInbound: true } });
    await deliver(outboundOf(T, unknown));
    const share = dispatcher.shareManually('chat-1');
    await run(SECOND);
    expect(await share).toMatchObject({ kind: 'settled', attempt: { trigger: 'manual', outcome: 'shared' } });
    expect(kinds(linq)).toEqual(['chat', 'cards', 'share']);
  });
});
