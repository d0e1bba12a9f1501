import fc from 'fast-check';
import { expect } from 'vitest';
import type { Hold, Line } from '../../src/decide/holds.ts';
import { SECOND } from '../../src/decide/time.ts';
import type { Store } from '../../src/store/store.ts';
import type { Claim, TurnResult } from '../../src/store/turn.ts';
import { holdOf, LINE, lineEventOf, OTHER_LINE, outboundOf, T } from './builders.ts';
import { LEASE_MS, turnOf, verdictOf } from './store/use-store.ts';

const LINES = [LINE, OTHER_LINE, null] as const;
const CHATS = 40;

const turns = (...changes: readonly ('none' | 'hold' | 'end' | 'card')[]) =>
  fc.record({
    kind: fc.constant('turn' as const),
    store: fc.nat(),
    total: fc.integer({ min: 1, max: 8 }),
    isShared: fc.boolean(),
    change: fc.constantFrom(...changes),
  });

/** What one of several stores does; most of it is turns that may claim. @see createCrowd */
export const crowdSteps = fc.oneof(
  { weight: 12, arbitrary: turns('none') },
  { weight: 2, arbitrary: turns('hold', 'end', 'card') },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('record' as const),
      store: fc.nat(),
      chats: fc.array(fc.nat(), { minLength: 4, maxLength: 12 }),
    }),
  },
  fc.record({
    kind: fc.constantFrom('manual' as const, 'line' as const),
    store: fc.nat(),
    chat: fc.nat(),
  }),
  fc.record({
    kind: fc.constantFrom('look' as const, 'pause' as const, 'resume' as const),
    store: fc.nat(),
  }),
);
type CrowdStep = typeof crowdSteps extends fc.Arbitrary<infer S> ? S : never;

interface Member {
  readonly store: Store;
  /** The version of the holds and lines that it knows. */
  version: number;
  open: Claim[];
}

/**
 * Several stores of one database, each used as a dispatcher uses its own, all at the same time.
 * @param rate starts per second and line
 */
export function createCrowd(stores: readonly Store[], rate: number) {
  const members: readonly Member[] = stores.map((store) => ({ store, version: 0, open: [] }));
  /** The claims that aren't settled, by chat. */
  const live = new Map<string, number>();
  const starts: { readonly line: string | null; readonly at: number; readonly isManual: boolean }[] = [];
  /** Holds and lines as they were at a version. */
  const shared = new Map<number, { holds: readonly Hold[]; lines: readonly Line[] }>();
  /** The versions that turns have made, each by one. */
  const made = new Set<number>();
  let now = T;
  let sharedShares = 0;

  const count = (chatId: string, by: number) => live.set(chatId, (live.get(chatId) ?? 0) + by);

  function took(member: Member, claims: readonly Claim[], isManual: boolean): void {
    member.open.push(...claims);
    for (const { chat, startedAt } of claims) {
      count(chat.chatId, 1);
      starts.push({ line: chat.line, at: startedAt, isManual });
    }
  }

  /** Reads holds and lines; whoever reads them at the same version reads the same. */
  async function look(member: Member): Promise<void> {
    const version = await member.store.sharedVersion();
    const read = { holds: await member.store.holds(), lines: await member.store.lines() };
    if ((await member.store.sharedVersion()) !== version) return; // it may be a mix of two versions
    expect(version).toBeGreaterThanOrEqual(member.version);
    expect(shared.get(version) ?? read).toEqual(read);
    shared.set(version, read);
    member.version = version;
  }

  function changeOf(kind: 'none' | 'hold' | 'end' | 'card') {
    const hold = holdOf({ reason: 'rate_limited', since: now, until: now + SECOND });
    if (kind === 'hold') return { holds: [hold] };
    if (kind === 'end') return { endedHolds: [{ ...hold, until: now }] };
    if (kind === 'card') return { cards: [{ line: LINE, card: 'active' as const, cardCheckedAt: now }] };
    return {};
  }

  function checkVersion(member: Member, result: TurnResult, isChange: boolean): void {
    if (result.version === null) {
      expect(result.claims).toEqual([]);
      return;
    }
    expect(result.version).toBe(member.version + Number(isChange));
    if (isChange) {
      expect(made.has(result.version)).toBe(false);
      made.add(result.version);
    }
    member.version = result.version;
  }

  async function turn(member: Member, step: Extract<CrowdStep, { kind: 'turn' }>): Promise<void> {
    const settled = member.open.splice(0);
    const lines = LINES.map((line) => ({ line, limit: 3 }));
    const claim = { lines, total: step.total, leaseUntil: now + LEASE_MS, ratePerLine: rate };
    const result = await member.store.turn(
      turnOf({
        version: member.version,
        settlements: settled.map((taken) => ({
          claim: taken,
          endedAt: now,
          result: step.isShared ? verdictOf() : { kind: 'withdrawn' },
        })),
        ...changeOf(step.change),
        claim,
      }),
      now,
    );
    for (const [index, { isOurs }] of result.settled.entries()) {
      expect(isOurs).toBe(true);
      count(settled[index]?.chat.chatId ?? '', -1);
      if (step.isShared) sharedShares++;
    }
    checkVersion(member, result, step.change !== 'none');
    took(member, result.claims, false);
    if (result.version === null) await look(member);
  }

  async function doStep(step: CrowdStep): Promise<void> {
    const member = members[step.store % members.length] as Member;
    const { store } = member;
    switch (step.kind) {
      case 'record':
        await store.record(
          step.chats.map((chat) => outboundOf(now, { chatId: nameOf(chat), line: LINES[chat % 3] ?? null })),
          now,
        );
        break;
      case 'line': // beside a chat, so that both are locked
        await store.record(
          [
            lineEventOf({ at: now, reputation: `${step.chat % 4}` }),
            outboundOf(now, { chatId: nameOf(step.chat), line: `+1202555${1000 + (step.chat % 50)}` }),
          ],
          now,
        );
        break;
      case 'manual': {
        const answer = await store.claimManually(nameOf(step.chat), now + LEASE_MS, now);
        if (answer !== null && 'claim' in answer) took(member, [answer.claim], true);
        break;
      }
      case 'turn':
        await turn(member, step);
        break;
      case 'look':
        await look(member);
        break;
      case 'pause':
        await store.putHold(holdOf({ reason: 'paused', since: now }));
        break;
      case 'resume':
        await store.endHold(null, 'paused');
        break;
    }
  }

  return {
    /** Each store takes its steps one after another, as one dispatcher would; the stores all at once. */
    async take({ afterMs, steps }: { afterMs: number; steps: readonly CrowdStep[] }): Promise<void> {
      now += afterMs;
      const own = members.map((_, index) => steps.filter(({ store }) => store % members.length === index));
      await Promise.all(
        own.map(async (mine) => {
          for (const step of mine) await doStep(step);
        }),
      );
      for (const [chatId, claims] of live) expect([chatId, claims]).toEqual([chatId, claims === 0 ? 0 : 1]);
    },
    /** The starts of a line are as far apart as its rate wants, but for those that an operator asked for. */
    check(): void {
      for (const line of [LINE, OTHER_LINE]) {
        const byRate = starts.filter((start) => start.line === line && !start.isManual);
        const instants = byRate.map(({ at }) => at).sort((x, y) => x - y);
        for (const [index, at] of instants.slice(1).entries())
          expect(at - (instants[index] ?? 0)).toBeGreaterThanOrEqual(SECOND / rate);
      }
    },
    claimed: (): number => starts.length,
    shared: (): number => sharedShares,
  };
}

const nameOf = (chat: number) => `chat-${chat % CHATS}`;
