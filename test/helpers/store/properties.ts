import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ChatRecord, liveLease } from '../../../src/decide/chat.ts';
import { NO_FACTS } from '../../../src/decide/facts.ts';
import type { Store } from '../../../src/store/store.ts';
import type { Claim, Settlement } from '../../../src/store/turn.ts';
import { chatEvents } from '../../unit/decide/arbitraries.ts';
import { T } from '../builders.ts';
import {
  allChats,
  chatOfStore,
  claim,
  correctClock,
  LEASE_MS,
  type StoreBench,
  turnOf,
  verdictOf,
} from './use-store.ts';

const CHATS = ['a', 'b', 'c', 'd'] as const;
const LINES = ['+12025550111', '+12025550112', null] as const;

/** What may happen to a store, in the words of this test. */
const steps = fc.oneof(
  fc.record({
    kind: fc.constant('record' as const),
    chat: fc.constantFrom(...CHATS),
    event: chatEvents,
    line: fc.constantFrom(...LINES),
  }),
  fc.record({ kind: fc.constant('wait' as const), ms: fc.constantFrom(1, 1_000, LEASE_MS, 86_400_000) }),
  fc.record({ kind: fc.constant('claim' as const), total: fc.integer({ min: 1, max: 5 }) }),
  fc.record({
    kind: fc.constant('settle' as const),
    which: fc.nat({ max: 9 }),
    result: fc.constantFrom(
      'shared' as const,
      'transient' as const,
      'retired' as const,
      'withdrawn' as const,
    ),
  }),
  fc.record({ kind: fc.constantFrom('recover' as const, 'wake' as const, 'back' as const, 'hold' as const) }),
);
type Step = typeof steps extends fc.Arbitrary<infer S> ? S : never;

/** A store, what was claimed of it and never settled, and the time. */
interface World {
  readonly store: Store;
  readonly prefix: string;
  now: number;
  readonly claims: Claim[];
}

export function describeProperties(bench: StoreBench): void {
  describe('whatever happens', () => {
    it('any order and repetition of events, in any groups, ends in the same facts', async () => {
      const store = await bench.open();
      let run = 0;
      const groups = fc
        .array(chatEvents, { minLength: 1, maxLength: 6 })
        .chain((events) =>
          fc.tuple(
            fc.constant(events),
            fc.shuffledSubarray([...events, ...events], { minLength: events.length }),
            fc.integer({ min: 1, max: 4 }),
          ),
        );
      await fc.assert(
        fc.asyncProperty(groups, async ([events, repeated, size]) => {
          const name = `run${run++}`;
          const inOrder = events.map((event) => ({ ...event, chatId: `${name}-in-order` }));
          const missing = events.filter((event) => !repeated.includes(event));
          const shuffled = [...repeated, ...missing].map((event) => ({
            ...event,
            chatId: `${name}-shuffled`,
          }));
          await store.record(inOrder, T + 10);
          for (let i = 0; i < shuffled.length; i += size) {
            await store.record(shuffled.slice(i, i + size), T + 10 + i);
          }
          expect(factsOf(await chatOfStore(store, `${name}-shuffled`))).toEqual(
            factsOf(await chatOfStore(store, `${name}-in-order`)),
          );
        }),
        { numRuns: 150 },
      );
    });

    it('counts equal the chats, no chat is claimed twice at a time, a foreign lease settles nothing', async () => {
      const store = await bench.open();
      let run = 0;
      await fc.assert(
        fc.asyncProperty(fc.array(steps, { minLength: 5, maxLength: 25 }), async (all) => {
          const world: World = { store, prefix: `run${run++}-`, now: T + 100, claims: [] };
          for (const step of all) await take(world, step);
          const chats = await allChats(store);
          expect(sorted(await store.counts(world.now))).toEqual(sorted(countsOf(chats, world.now)));
          await settleAll(world);
        }),
        { numRuns: 100 },
      );
    });
  });
}

async function take(world: World, step: Step): Promise<void> {
  const { store, prefix } = world;
  switch (step.kind) {
    case 'record': {
      const outbound = step.event.outbound === null ? null : { ...step.event.outbound, line: step.line };
      await store.record([{ ...step.event, outbound, chatId: prefix + step.chat }], world.now);
      return;
    }
    case 'wait':
      world.now += step.ms;
      return;
    case 'claim':
      return claimMore(world, step.total);
    case 'settle': {
      const claimed = world.claims[step.which % Math.max(world.claims.length, 1)];
      if (claimed !== undefined) await settleOne(world, claimed, step.result);
      return;
    }
    case 'recover':
      await store.recoverInterrupted(world.now);
      return;
    case 'wake':
      await store.wakeChats(world.now, 3);
      return;
    case 'back':
      world.now -= 1_000;
      await correctClock(store, -1_000, world.now);
      return;
    case 'hold':
      await store.updateChat(`${prefix}a`, (chat) => ({ ...chat, operatorHeldAt: world.now }), world.now);
  }
}

async function claimMore(world: World, total: number): Promise<void> {
  const { store, now } = world;
  const leasedBefore = (await allChats(store)).filter((chat) => liveLease(chat, now) !== null);
  const lines = LINES.map((line) => ({ line, limit: 4 }));
  const claims = await claim(store, now, { lines, total });
  const taken = claims.map(({ chat }) => chat.chatId);
  expect(claims.length).toBeLessThanOrEqual(total);
  expect(new Set(taken).size).toBe(taken.length);
  for (const { chatId } of leasedBefore) expect(taken).not.toContain(chatId);
  world.claims.push(...claims);
}

async function settleOne({ store, now }: World, claimed: Claim, kind: string): Promise<void> {
  const before = await chatOfStore(store, claimed.chat.chatId);
  const attempts = await store.attempts(before.chatId, 100);
  const { settled } = await store.turn(turnOf({ settlements: [settlementOf(claimed, kind, now)] }), now);
  const recorded = attempts.find(({ attemptId }) => attemptId === claimed.attemptId);
  const wasWithdrawn = recorded === undefined && kind === 'withdrawn';
  const isRepeat = wasWithdrawn || (recorded?.endedAt === now && recorded.outcome === OUTCOMES[kind]);
  const isLeased = before.lease?.attemptId === claimed.attemptId;
  expect(settled).toMatchObject([{ isOurs: isLeased || isRepeat }]);
  if (isLeased) return;
  expect(await store.chat(before.chatId)).toEqual(before);
  expect(await store.attempts(before.chatId, 100)).toEqual(attempts);
}

/** How these settlements are recorded. */
const OUTCOMES: Readonly<Record<string, string>> = {
  shared: 'shared',
  transient: 'unknown',
  retired: 'rejected',
};

function settlementOf(claimed: Claim, kind: string, now: number): Settlement {
  const ended = { claim: claimed, endedAt: now };
  if (kind === 'withdrawn') return { ...ended, result: { kind } };
  if (kind === 'retired') return { ...ended, result: verdictOf({ kind, reason: 'chat_gone' }, 404) };
  if (kind === 'shared') return { ...ended, result: verdictOf() };
  return {
    ...ended,
    result: verdictOf({ kind: 'transient', mayHaveArrived: true, retryAfterMs: null }, null),
  };
}

/** Ends what is still claimed, so that the next run finds an orderly store. */
async function settleAll(world: World): Promise<void> {
  for (const claimed of world.claims) await settleOne(world, claimed, 'shared');
}

function factsOf(chat: ChatRecord) {
  return Object.fromEntries(Object.keys(NO_FACTS).map((name) => [name, chat[name as keyof typeof NO_FACTS]]));
}

function countsOf(chats: readonly ChatRecord[], now: number) {
  const counts = new Map<string, { line: string | null; state: string; reason: string; count: number }>();
  for (const chat of chats) {
    const { line } = chat;
    const lease = liveLease(chat, now);
    const { state, reason } = lease === null ? chat : { state: 'sharing', reason: lease.trigger };
    const key = JSON.stringify([line, state, reason]);
    counts.set(key, { line, state, reason, count: (counts.get(key)?.count ?? 0) + 1 });
  }
  return [...counts.values()];
}

function sorted(counts: readonly object[]): string[] {
  return counts.map((count) => JSON.stringify(count, Object.keys(count).sort())).sort();
}
