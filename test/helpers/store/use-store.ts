import { afterEach, beforeEach, expect } from 'vitest';
import type { ChatRecord } from '../../../src/decide/chat.ts';
import type { Verdict } from '../../../src/decide/outcome.ts';
import type { Policy } from '../../../src/decide/policy.ts';
import { type EpochMs, MINUTE } from '../../../src/decide/time.ts';
import type { ChatFilter, Store } from '../../../src/store/store.ts';
import type { AttemptResult, Claim, ClaimRequest, Settlement, Turn } from '../../../src/store/turn.ts';
import { LINE, policyOf, T } from '../builders.ts';

/** Where one store lives: what one `open` wrote, the next one finds. */
export interface StoreHome {
  open(policy: Policy): Promise<Store>;
  remove(): Promise<void>;
}

export interface StoreBench {
  /** Opens the test's store; a second time it is closed first, as a restart would. */
  open(policy?: Partial<Policy>): Promise<Store>;
  /** The names of the methods that a store has and that no test has used so far. */
  unused(): readonly string[];
}

/** Gives every test of the suite a store of its own. */
export function useStore(createHome: () => StoreHome): StoreBench {
  let home: StoreHome;
  let store: Store | null = null;
  const all = new Set<string>();
  const used = new Set<string | symbol>();
  /** The same store, noting which of its methods are used. */
  const noting = (opened: Store): Store => {
    for (const [name, value] of Object.entries(opened)) if (typeof value === 'function') all.add(name);
    return new Proxy(opened, {
      get(target, name) {
        used.add(name);
        return Reflect.get(target, name);
      },
    });
  };
  beforeEach(() => {
    home = createHome();
  });
  afterEach(async () => {
    await store?.close();
    store = null;
    await home.remove();
  });
  return {
    async open(policy = {}) {
      await store?.close();
      store = noting(await home.open(policyOf(policy)));
      return store;
    },
    unused: () => [...all].filter((name) => !used.has(name)),
  };
}

export const LEASE_MS = MINUTE;

/** A turn of the dispatcher that writes nothing, but for these parts. */
export function turnOf(parts: Partial<Turn> = {}): Turn {
  return {
    settlements: [],
    holds: [],
    endedHolds: [],
    cards: [],
    cleared: [],
    undone: [],
    claim: null,
    ...parts,
  };
}

/** Claims as the dispatcher does: up to 16 chats of the line that tests use, unless told otherwise. */
export async function claim(
  store: Store,
  now: EpochMs,
  request: Partial<ClaimRequest> = {},
): Promise<readonly Claim[]> {
  const lines = [{ line: LINE, limit: 16 }];
  const { claims } = await store.turn(
    turnOf({ claim: { lines, total: 16, leaseUntil: now + LEASE_MS, ...request } }),
    now,
  );
  return claims;
}

/** Claims the one chat that is due. */
export async function claimOne(store: Store, now: EpochMs): Promise<Claim> {
  const [first, ...others] = await claim(store, now);
  expect(others).toEqual([]);
  return definite(first);
}

/** Corrects the clock, and goes through all chats with that. */
export async function correctClock(store: Store, byMs: number, now: EpochMs): Promise<void> {
  await store.shiftClock(byMs, now);
  for (let batch = 0; (await store.agenda(now)).isShifting; batch++) {
    await store.redecide('as corrected', 100, now);
    expect(batch).toBeLessThan(10_000);
  }
}

export function verdictOf(
  verdict: Verdict = { kind: 'shared' },
  httpStatus: number | null = 200,
): AttemptResult {
  return { kind: 'verdict', verdict, httpStatus, linqCode: null, traceId: null, random: 0 };
}

export async function settle(store: Store, settlement: Settlement) {
  const { settled } = await store.turn(turnOf({ settlements: [settlement] }), settlement.endedAt);
  return definite(settled[0]);
}

/** Any chat. */
export const ANY: ChatFilter = { states: null, reasons: null, lines: null, notLines: null };

/** Every chat of the store, read page by page. */
export async function allChats(store: Store, filters: readonly ChatFilter[] = [ANY], limit = 200) {
  const chats: ChatRecord[] = [];
  let cursor: string | null = null;
  do {
    const page = await store.chats(filters, limit, cursor, T);
    chats.push(...page.chats);
    cursor = page.nextCursor;
  } while (cursor !== null);
  return chats;
}

export async function chatOfStore(store: Store, chatId = 'chat-1'): Promise<ChatRecord> {
  return definite(await store.chat(chatId));
}

export function definite<T>(value: T | null | undefined): T {
  if (value === null || value === undefined) throw new Error('there is none');
  return value;
}
