import { describe, expect, it } from 'vitest';
import type { LinqAnswer } from '../../../src/decide/outcome.ts';
import { HOUR, MINUTE, SECOND } from '../../../src/decide/time.ts';
import { answerOf, LINE, lineEventOf, OTHER_LINE, outboundOf, T } from '../../helpers/builders.ts';
import { activeCards, type FakeLinq, later } from '../../helpers/fake-linq.ts';
import { type Reactor, startReactor } from '../../helpers/reactor.ts';

const chats = (count: number, line = LINE) =>
  Array.from({ length: count }, (_, index) => outboundOf(T, { chatId: `${line} ${index}`, line }));
const holdOf = ({ dispatcher }: Reactor, line = LINE) =>
  dispatcher.snapshot().lines.find((shown) => shown.line.line === line)?.hold?.reason ?? null;
const minutesOf = (calls: readonly { at: number }[]) => calls.map(({ at }) => Math.round((at - T) / MINUTE));
const sharesOn = ({ shares }: FakeLinq, line: string) =>
  shares().filter(({ subject }) => subject?.startsWith(line) === true);

/** `LINE` has ten chats due and gets this answer; the other line's go well. */
async function startHeldBy(status: number, code: number): Promise<Reactor> {
  const reactor = await startReactor({ concurrency: 1 });
  reactor.linq.script.share = (chatId) => (chatId.startsWith(LINE) ? answerOf(status, code) : answerOf());
  await reactor.deliver(...chats(10), ...chats(3, OTHER_LINE));
  expect(sharesOn(reactor.linq, OTHER_LINE)).toHaveLength(3);
  reactor.linq.clear();
  return reactor;
}

describe.each([
  [403, 2027],
  [500, 4002],
])('a line that Linq refuses with %i/%i', (status, code) => {
  it('is paused for 30 min, doubling to 6 h, and the other lines go on', async () => {
    const reactor = await startHeldBy(status, code);
    expect(holdOf(reactor)).toBe('line_paused');
    await reactor.run(21 * HOUR);
    expect(minutesOf(reactor.linq.shares())).toEqual([30, 90, 210, 450, 810, 1_170]);
    await reactor.deliver(...chats(5, OTHER_LINE));
    expect(holdOf(reactor, OTHER_LINE)).toBeNull();
  });

  it.each([
    ['', 0],
    [", Linq's clock ahead", 5 * SECOND],
  ])('is open again with an ACTIVE event%s, and paused anew when it is refused again', async (_, aheadMs) => {
    const reactor = await startHeldBy(status, code);
    await reactor.run(MINUTE);
    await reactor.deliver(lineEventOf({ at: T + MINUTE + aheadMs }));
    expect(minutesOf(reactor.linq.shares())).toEqual([1]);
    expect(holdOf(reactor)).toBe('line_paused');
    await reactor.deliver(
      lineEventOf({ at: T, line: OTHER_LINE }),
      lineEventOf({ at: T, reputation: 'HEALTHY' }),
    );
    expect(minutesOf(reactor.linq.shares())).toEqual([1]);
    reactor.linq.script.share = () => answerOf();
    await reactor.run(30 * MINUTE + SECOND);
    expect(sharesOn(reactor.linq, LINE)).toHaveLength(11);
    expect(holdOf(reactor)).toBeNull();
  });

  it("isn't paused anew by an attempt that was under way when the ACTIVE event came", async () => {
    const reactor = await startReactor({ concurrency: 2 });
    const [early, late] = [later<LinqAnswer>(), later<LinqAnswer>()];
    const answers = [early.promise, late.promise, answerOf(), answerOf()];
    reactor.linq.script.share = () => answers.shift() ?? answerOf();
    await reactor.deliver(...chats(3));
    early.answer(answerOf(status, code));
    await reactor.idle();
    expect(holdOf(reactor)).toBe('line_paused');
    reactor.clock.advance(SECOND);
    await reactor.deliver(lineEventOf({ at: T + SECOND }));
    late.answer(answerOf(status, code));
    await reactor.idle();
    expect(holdOf(reactor)).toBeNull();
    expect(await reactor.store.counts(reactor.clock.now())).toMatchObject([{ state: 'waiting', count: 3 }]);
  });
});

describe('a pause of a line', () => {
  it('survives a crash', async () => {
    const first = await startHeldBy(403, 2027);
    await first.crash();
    const second = await first.restart();
    first.linq.clear();
    await second.run(29 * MINUTE);
    expect(first.linq.shares()).toEqual([]);
    await second.run(2 * MINUTE);
    expect(first.linq.shares()).toHaveLength(1);
  });

  it('starts at 30 min again after a share worked', async () => {
    const reactor = await startHeldBy(403, 2027);
    await reactor.run(2 * HOUR);
    reactor.linq.script.share = () => answerOf();
    await reactor.run(2 * HOUR);
    expect(reactor.dispatcher.snapshot().holds).toEqual([]);
    expect(sharesOn(reactor.linq, LINE).length).toBeGreaterThanOrEqual(10);
  });

  it('stands although a flag of long ago has its try due', async () => {
    const reactor = await startHeldBy(403, 2027);
    await reactor.deliver(lineEventOf({ at: T - 8 * HOUR, status: 'FLAGGED' }));
    await reactor.run(30 * MINUTE - SECOND);
    expect(sharesOn(reactor.linq, LINE)).toEqual([]);
    await reactor.run(2 * SECOND);
    expect(sharesOn(reactor.linq, LINE)).toHaveLength(1);
  });

  it("ends with an operator's release", async () => {
    const reactor = await startHeldBy(403, 2027);
    reactor.linq.script.share = () => answerOf();
    await reactor.run(MINUTE);
    const line = await reactor.dispatcher.releaseLine(LINE);
    await reactor.idle();
    expect(line).toMatchObject({ line: LINE });
    expect(sharesOn(reactor.linq, LINE)).toHaveLength(10);
    expect(await reactor.dispatcher.releaseLine('+12025559999')).toBeNull();
  });
});

describe('a line that is none of ours (2006)', () => {
  it('is held, tried with one chat every 6 h, and open after a share', async () => {
    const reactor = await startHeldBy(403, 2006);
    expect(holdOf(reactor)).toBe('line_not_ours');
    await reactor.run(13 * HOUR);
    expect(minutesOf(reactor.linq.shares())).toEqual([360, 720]);
    reactor.linq.script.share = () => answerOf();
    await reactor.run(6 * HOUR);
    expect(sharesOn(reactor.linq, LINE)).toHaveLength(2 + 10);
    expect(holdOf(reactor)).toBeNull();
  });
});

describe.each([
  ['status FLAGGED', { status: 'FLAGGED' }],
  ['reputation CRITICAL', { status: 'ACTIVE', reputation: 'CRITICAL' }],
])('a line with %s', (_, flag) => {
  it('is held, with one chat tried every 6 h, whatever comes of it short of a share', async () => {
    const reactor = await startReactor({ concurrency: 4 });
    await reactor.deliver(lineEventOf({ at: T, ...flag }));
    reactor.linq.script.share = () => answerOf(400, 1005);
    await reactor.deliver(...chats(10), ...chats(2, OTHER_LINE));
    expect(holdOf(reactor)).toBe('line_flagged');
    expect(sharesOn(reactor.linq, OTHER_LINE)).toHaveLength(2);
    reactor.linq.clear();
    await reactor.run(13 * HOUR);
    expect(minutesOf(sharesOn(reactor.linq, LINE))).toEqual([360, 720]);
    reactor.linq.script.share = () => answerOf();
    await reactor.run(6 * HOUR);
    expect(holdOf(reactor)).toBeNull();
    expect(sharesOn(reactor.linq, LINE)).toHaveLength(10);
  });

  it('goes on at once with an event that takes it back, and when an operator says so', async () => {
    const reactor = await startReactor();
    await reactor.deliver(lineEventOf({ at: T, ...flag }), ...chats(4));
    expect(reactor.linq.shares()).toEqual([]);
    reactor.clock.advance(MINUTE);
    await reactor.deliver(lineEventOf({ at: T + MINUTE, status: 'ACTIVE', reputation: 'HEALTHY' }));
    expect(reactor.linq.shares()).toHaveLength(4);
    await reactor.deliver(lineEventOf({ at: T + MINUTE + 1, ...flag }));
    await reactor.deliver(outboundOf(T + MINUTE, { chatId: 'late' }));
    expect(reactor.linq.sharesOf('late')).toEqual([]);
    reactor.clock.advance(MINUTE);
    await reactor.dispatcher.releaseLine(LINE);
    await reactor.idle();
    expect(reactor.linq.sharesOf('late')).toHaveLength(1);
  });

  it('stays released although the process dies as soon as it said so', async () => {
    const first = await startReactor();
    await first.deliver(lineEventOf({ at: T, ...flag }), ...chats(4));
    await first.dispatcher.releaseLine(LINE);
    await first.crash();
    first.linq.clear();
    const second = await first.restart();
    expect(second.linq.shares()).toHaveLength(4);
  });

  it('stays held across a restart', async () => {
    const first = await startReactor();
    await first.deliver(lineEventOf({ at: T, ...flag }), ...chats(4));
    await first.stop();
    const second = await first.restart();
    await second.run(HOUR);
    expect(first.linq.shares()).toEqual([]);
    expect(holdOf(second)).toBe('line_flagged');
    first.linq.script.cards = (line) => activeCards(line);
  });
});
