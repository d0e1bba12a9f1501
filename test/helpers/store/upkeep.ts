import { describe, expect, it } from 'vitest';
import { CARD_SETTLES_MS } from '../../../src/decide/holds.ts';
import { DAY, MINUTE, SECOND } from '../../../src/decide/time.ts';
import type { Store } from '../../../src/store/store.ts';
import { LINE, OTHER_LINE, outboundOf, T } from '../builders.ts';
import {
  allChats,
  chatOfStore,
  claim,
  claimOne,
  definite,
  LEASE_MS,
  type StoreBench,
  settle,
  turnOf,
  verdictOf,
} from './use-store.ts';

/** @param isShared other processes may use the store at the same time */
export function describeUpkeep(bench: StoreBench, isShared: boolean): void {
  if (isShared) describeSharedCrash(bench);
  else describeCrash(bench);
  describeCardChange(bench);

  describe('time', () => {
    it('wakes the chats whose decision it changes, and says when the next one is', async () => {
      const store = await bench.open();
      expect(await store.nextWakeAt(T)).toBeNull();
      await store.record([outboundOf(T)], T);
      await settle(store, { claim: await claimOne(store, T), endedAt: T + 10, result: verdictOf() });
      const lapse = T + 10 + DAY;
      expect(await store.nextWakeAt(T + 10)).toBe(lapse);
      expect(await store.wakeChats(lapse - 1, 10)).toBe(0);
      expect(await store.wakeChats(lapse, 10)).toBe(1);
      expect(await chatOfStore(store)).toMatchObject({
        state: 'due',
        reason: 'window_lapsed',
        nextAttemptAt: lapse,
      });
      expect(await store.wakeChats(lapse, 10)).toBe(0);
    });

    it('wakes no more chats at once than it is asked to', async () => {
      const store = await bench.open({ idleAfterMs: SECOND });
      await store.record(
        ['a', 'b', 'c'].map((chatId) => outboundOf(T, { chatId })),
        T,
      );
      expect(await store.wakeChats(T + SECOND, 2)).toBe(2);
      expect(await store.wakeChats(T + SECOND, 2)).toBe(1);
      expect(await store.counts(T + SECOND)).toEqual([
        { line: LINE, state: 'idle', reason: 'no_recent_outbound', count: 3 },
      ]);
    });

    it('ends an attempt whose lease ran out while its chat is not due, so that no claim ends it', async () => {
      const store = await bench.open();
      await store.record([outboundOf(T), outboundOf(T, { chatId: 'held' })], T);
      await claim(store, T + 1, { total: 2 });
      await store.updateChat('held', (chat) => ({ ...chat, operatorHeldAt: T }), T + 2);
      const end = T + 1 + LEASE_MS;
      expect(await store.nextWakeAt(T + 2)).toBe(end);
      expect(await store.wakeChats(end - 1, 10)).toBe(0);
      expect(await store.nextWakeAt(end)).toBe(end);
      expect((await store.agenda(end)).wakeAt).toBe(end);
      expect(await store.wakeChats(end, 10)).toBe(1);
      expect(await store.wakeChats(end, 10)).toBe(0);
      expect(await store.nextWakeAt(end)).toBe(end + MINUTE);
      expect(await chatOfStore(store, 'held')).toMatchObject({
        state: 'held',
        lease: null,
        uncertainAt: T + 1,
      });
      const interrupted = { outcome: 'interrupted', endedAt: end };
      expect(await store.attempts('held', 5)).toMatchObject([interrupted]);
      expect(await store.attempts('chat-1', 5)).toMatchObject([{ outcome: null }]);
      await claimOne(store, end);
      expect(await store.attempts('chat-1', 5)).toMatchObject([{ outcome: null }, interrupted]);
    });

    it('ends an attempt of a due chat, too, if a minute after its lease no claim has ended it', async () => {
      const store = await bench.open();
      await store.record([outboundOf(T)], T);
      await claimOne(store, T);
      const end = T + LEASE_MS + MINUTE;
      expect(await store.wakeChats(end - 1, 10)).toBe(0);
      expect(await store.nextWakeAt(end - 1)).toBe(end);
      expect((await store.agenda(end)).wakeAt).toBeLessThanOrEqual(end);
      expect(await store.wakeChats(end, 10)).toBe(1);
      expect(await store.attempts('chat-1', 5)).toMatchObject([{ outcome: 'interrupted', endedAt: end }]);
      expect(await chatOfStore(store)).toMatchObject({ state: 'due', lease: null, nextAttemptAt: T });
      expect(await store.nextWakeAt(end)).toBe(T + 7 * DAY);
    });

    it('wakes no chat whose attempt is in progress', async () => {
      const store = await bench.open();
      await store.record([outboundOf(T), outboundOf(T, { chatId: 'free' })], T);
      const idleAt = T + 7 * DAY;
      const [claimed] = await claim(store, idleAt - 1, { total: 1 });
      const { chat } = definite(claimed);
      expect(await store.wakeChats(idleAt, 10)).toBe(1);
      expect(await chatOfStore(store, chat.chatId)).toEqual(chat);
    });

    it('says for every line when its first chat may be claimed, leased chats excepted', async () => {
      const store = await bench.open();
      expect((await store.agenda(T)).heads).toEqual([]);
      await store.record([outboundOf(T), outboundOf(T, { chatId: 'x', line: null })], T + 1);
      await store.record(
        [outboundOf(T, { chatId: 'y' }), outboundOf(T, { chatId: 'z', line: OTHER_LINE })],
        T + 2,
      );
      await claim(store, T + 3, { total: 1 });
      const sorted = [...(await store.agenda(T + 3)).heads].sort((a, b) =>
        String(a.line).localeCompare(String(b.line)),
      );
      expect(sorted).toEqual([
        { line: LINE, nextAttemptAt: T + 2 },
        { line: OTHER_LINE, nextAttemptAt: T + 2 },
        { line: null, nextAttemptAt: T + 1 },
      ]);
      await claim(store, T + 3);
      expect((await store.agenda(T + 3)).heads).toHaveLength(2);
      expect(await store.nextWakeAt(T + 3)).toBe(T + 3 + LEASE_MS);
      expect((await store.agenda(T + 3 + LEASE_MS)).heads).toHaveLength(3);
    });
  });

  describe('changed settings', () => {
    it('reach every chat, batch by batch and over a restart', async () => {
      const before = await bench.open();
      await before.record(
        ['a', 'b', 'c', 'd', 'e'].map((chatId) => outboundOf(T, { chatId })),
        T,
      );
      expect(await before.redecide('old', 10, T)).toBe(true);
      const store = await bench.open({ requireInbound: true });
      expect(await store.redecide('old', 2, T)).toBe(true);
      expect(await store.redecide('new', 2, T)).toBe(false);
      expect(await store.redecide('new', 2, T)).toBe(false);
      expect((await allChats(store)).map(({ state }) => state)).toEqual([
        'held',
        'held',
        'held',
        'held',
        'due',
      ]);
      const restarted = await bench.open({ requireInbound: true });
      expect(await restarted.redecide('new', 2, T)).toBe(true);
      expect((await allChats(restarted)).map(({ state }) => state)).toEqual(Array(5).fill('held'));
      expect(await restarted.redecide('new', 2, T)).toBe(true);
    });

    it('begin again from the first chat when they change once more', async () => {
      const store = await bench.open();
      await store.record(
        ['a', 'b', 'c'].map((chatId) => outboundOf(T, { chatId })),
        T,
      );
      expect(await store.redecide('one', 2, T)).toBe(false);
      expect(await store.redecide('two', 2, T)).toBe(false);
      expect(await store.redecide('two', 2, T)).toBe(true);
    });
  });

  describe('settings that are changed back before every chat was decided anew', () => {
    it('reach every chat, as those do that are taken up again later', async () => {
      const policies = { a: {}, b: { requireInbound: true } };
      const openWith = async (name: keyof typeof policies) => {
        const store = await bench.open(policies[name]);
        return { store, redecide: () => store.redecide(name, 2, T) };
      };
      const first = await openWith('a');
      await first.store.record(
        ['a', 'b', 'c', 'd', 'e'].map((chatId) => outboundOf(T, { chatId })),
        T,
      );
      for (let i = 0; i < 3; i++) await first.redecide();
      const changed = await openWith('b');
      expect(await changed.redecide()).toBe(false);
      const back = await openWith('a');
      expect([await back.redecide(), await back.redecide(), await back.redecide()]).toEqual([
        false,
        false,
        true,
      ]);
      expect((await allChats(back.store)).map(({ state }) => state)).toEqual(Array(5).fill('due'));
      const again = await openWith('b');
      expect([await again.redecide(), await again.redecide(), await again.redecide()]).toEqual([
        false,
        false,
        true,
      ]);
      expect((await allChats(again.store)).map(({ state }) => state)).toEqual(Array(5).fill('held'));
    });
  });

  it('frees no chat from a wait for catching up when no backup was restored', async () => {
    const store = await bench.open();
    await store.record([outboundOf(T)], T);
    const before = await store.chat('chat-1');
    expect(await store.releaseRestored(10, T + DAY)).toBe(false);
    expect(await store.chat('chat-1')).toEqual(before);
  });

  describe('a changed chat', () => {
    it('is decided anew and kept', async () => {
      const store = await bench.open();
      await store.record([outboundOf(T)], T);
      const held = await store.updateChat('chat-1', (chat) => ({ ...chat, operatorHeldAt: T + 1 }), T + 1);
      expect(held).toMatchObject({ state: 'held', reason: 'operator', nextAttemptAt: null });
      expect(await store.chat('chat-1')).toEqual(held);
    });

    it('that nobody told of is none', async () => {
      const store = await bench.open();
      expect(await store.updateChat('nobody', (chat) => chat, T)).toBeNull();
      expect(await store.chat('nobody')).toBeNull();
    });
  });
}

function describeSharedCrash(bench: StoreBench): void {
  describe('after a crash that another process outlived', () => {
    it('an open attempt is left alone at the start, since it may be another process’s', async () => {
      const before = await bench.open();
      await before.record([outboundOf(T)], T);
      const { chat } = await claimOne(before, T + 1);
      const store = await bench.open();
      expect(await store.recoverInterrupted(T + 5)).toEqual({ interrupted: 0, parked: 0 });
      expect(await chatOfStore(store)).toEqual(chat);
    });

    it('a chat whose leases ran out three times in a row is parked', async () => {
      const store = await bench.open();
      await store.record([outboundOf(T)], T);
      for (let lapse = 0; lapse < 3; lapse++) await claimOne(store, T + lapse * LEASE_MS);
      expect(await claim(store, T + 3 * LEASE_MS)).toEqual([]);
      const parked = { state: 'held', reason: 'parked', nextAttemptAt: null, lease: null };
      expect(await chatOfStore(store)).toMatchObject(parked);
      expect(await store.attempts('chat-1', 5)).toMatchObject(Array(3).fill({ outcome: 'interrupted' }));
    });
  });
}

function describeCrash(bench: StoreBench): void {
  describe('after a crash', () => {
    it('an open attempt is recorded as interrupted and its chat is due at once, before all others', async () => {
      const before = await bench.open();
      await before.record([outboundOf(T), outboundOf(T, { chatId: 'idle' })], T);
      const [lost] = await claim(before, T + 1, { total: 1 });
      const store = await bench.open();
      expect(await store.recoverInterrupted(T + 5)).toEqual({ interrupted: 1, parked: 0 });
      const { chatId } = definite(lost).chat;
      expect(await chatOfStore(store, chatId)).toMatchObject({
        state: 'due',
        uncertainAt: T + 1,
        interruptions: 1,
        lease: null,
      });
      expect(await store.attempts(chatId, 5)).toMatchObject([{ outcome: 'interrupted', endedAt: T + 5 }]);
      expect(await store.recoverInterrupted(T + 6)).toEqual({ interrupted: 0, parked: 0 });
      expect(await claim(store, T + 6, { total: 1 })).toMatchObject([{ chat: { chatId } }]);
    });

    it('open attempts are repeated in the order in which their chats became due, before all others', async () => {
      const before = await bench.open();
      for (const [index, chatId] of ['a', 'b', 'c', 'd'].entries())
        await before.record([outboundOf(T, { chatId })], T + index);
      await claim(before, T + 5, { total: 3 });
      const store = await bench.open();
      expect(await store.recoverInterrupted(T + 6)).toEqual({ interrupted: 3, parked: 0 });
      const again = await claim(store, T + 6, { total: 4 });
      expect(again.map(({ chat }) => chat.chatId)).toEqual(['a', 'b', 'c', 'd']);
    });

    it('an attempt that was begun in a dry run can have reached nobody, whatever the settings are now', async () => {
      const before = await bench.open({ dryRun: true });
      await before.record([outboundOf(T)], T);
      await claimOne(before, T + 1);
      const store = await bench.open({ reshare: 'once' });
      expect(await store.recoverInterrupted(T + 5)).toMatchObject({ interrupted: 1 });
      expect(await chatOfStore(store)).toMatchObject({ state: 'due', uncertainAt: null, interruptions: 1 });
      await claimOne(store, T + 6);
      const again = await bench.open({ dryRun: true });
      await again.recoverInterrupted(T + 7);
      expect(await chatOfStore(again)).toMatchObject({ uncertainAt: T + 6 });
    });

    it('neither can one that was cut before what it asked for was on record', async () => {
      const unknown = { service: null };
      const claimUnknown = async (at: number) => claimOne(await bench.open(), at);
      await (await bench.open()).record([outboundOf(T, unknown)], T);
      await claimUnknown(T + 1);
      const store = await bench.open();
      await store.recoverInterrupted(T + 2);
      expect(await chatOfStore(store)).toMatchObject({ state: 'due', uncertainAt: null });
      const told = { line: LINE, service: 'iMessage', isGroup: false };
      await store.addLookedUp(await claimOne(store, T + 3), told, T + 4);
      await store.recoverInterrupted(T + 5);
      expect(await chatOfStore(store)).toMatchObject({ state: 'due', uncertainAt: T + 3 });
    });

    it('a chat whose attempts were cut off three times in a row is parked', async () => {
      const store = await bench.open();
      await store.record([outboundOf(T)], T);
      const outcomes = [];
      for (const at of [T + 1, T + 2, T + 3]) {
        await claimOne(store, at);
        outcomes.push(await store.recoverInterrupted(at));
      }
      expect(outcomes.map(({ parked }) => parked)).toEqual([0, 0, 1]);
      expect(await chatOfStore(store)).toMatchObject({
        state: 'held',
        reason: 'parked',
        nextAttemptAt: null,
      });
      expect(await claim(store, T + 9)).toEqual([]);
    });
  });
}

/** Policy `once`, and a chat whose card was shared at `T`. */
function describeCardChange(bench: StoreBench): void {
  const once = { reshare: 'once', idleAfterMs: 0, reshareOnCardChange: true } as const;
  const cardAt = (cardCheckedAt: number, digest: string) =>
    turnOf({ cards: [{ line: LINE, card: 'active', cardCheckedAt, digest }] });
  const shareAll = async (store: Store, now: number) => {
    const settlements = (await claim(store, now)).map((each) => ({
      ...{ claim: each, endedAt: now + 1, result: verdictOf() },
    }));
    await store.turn(turnOf({ settlements }), now + 1);
    return settlements.map((each) => each.claim.chat.chatId);
  };
  const seed = async (policy: Parameters<StoreBench['open']>[0] = once) => {
    const store = await bench.open(policy);
    await store.record(
      ['chat-1', 'chat-2', 'chat-3'].map((chatId) => outboundOf(T, { chatId })),
      T,
    );
    await shareAll(store, T);
    await store.turn(cardAt(T, 'a'), T);
    return store;
  };
  const changedAt = T + 3 * DAY;
  const settledAt = changedAt + CARD_SETTLES_MS;

  describe('a changed card', () => {
    it('makes each chat due once more, a batch at a time, and counts how far that is', async () => {
      const store = await seed();
      expect(await store.cardShares(T)).toEqual([]);
      await store.turn(cardAt(changedAt, 'b'), changedAt);
      expect(await store.lines()).toMatchObject([{ cardDigest: 'b', cardChangedAt: changedAt }]);
      const shares = { line: LINE, changedAt, sharedAgain: 0 };
      expect(await store.cardShares(changedAt)).toEqual([{ ...shares, left: null }]);
      expect(await chatOfStore(store)).toMatchObject({ state: 'done', cardChangedAt: changedAt });
      expect(await store.redecide('b', 2, settledAt)).toBe(false);
      expect(await store.cardShares(settledAt)).toEqual([{ ...shares, left: null }]);
      expect(await shareAll(store, settledAt)).toEqual(['chat-1', 'chat-2']);
      expect(await store.redecide('b', 2, settledAt)).toBe(true);
      expect(await store.cardShares(settledAt)).toEqual([{ ...shares, sharedAgain: 2, left: 1 }]);
      expect(await shareAll(store, settledAt + 5)).toEqual(['chat-3']);
      expect(await store.cardShares(settledAt + 5)).toEqual([{ ...shares, sharedAgain: 3, left: 0 }]);
      expect(await store.redecide('c', 9, settledAt + 9 * DAY)).toBe(true);
      expect(await claim(store, settledAt + 9 * DAY)).toEqual([]);
      expect(await store.cardShares(settledAt + 9 * DAY)).toEqual([{ ...shares, sharedAgain: 3, left: 0 }]);
    });

    it('counts a chat once that was shared ahead of the pass, and starts over with the next change', async () => {
      const store = await seed();
      await store.turn(cardAt(changedAt, 'b'), changedAt);
      await store.redecide('b', 1, settledAt);
      await store.updateChat('chat-3', (chat) => ({ ...chat, lookedUpAt: T }), settledAt); // decided ahead of it
      expect(await shareAll(store, settledAt)).toEqual(['chat-1', 'chat-3']);
      expect(await store.redecide('b', 9, settledAt)).toBe(true);
      expect(await store.cardShares(settledAt)).toMatchObject([{ sharedAgain: 2, left: 1 }]);
      const next = settledAt + 2 * DAY;
      await store.turn(cardAt(next, 'c'), next);
      expect(await store.redecide('c', 9, next + CARD_SETTLES_MS)).toBe(true);
      expect(await store.cardShares(next + CARD_SETTLES_MS)).toEqual([
        { line: LINE, changedAt: next, sharedAgain: 0, left: 3 },
      ]);
    });

    it('goes on where it was after a restart', async () => {
      let store = await seed();
      await store.turn(cardAt(changedAt, 'b'), changedAt);
      await store.redecide('b', 1, settledAt);
      store = await bench.open(once);
      expect(await store.redecide('b', 9, settledAt)).toBe(true);
      expect(await store.cardShares(settledAt)).toMatchObject([{ sharedAgain: 0, left: 3 }]);
      expect(await shareAll(store, settledAt)).toHaveLength(3);
    });

    it('may be reported by an event, of a line that is ours; the check that follows finds the same change', async () => {
      const store = await seed();
      const event = { kind: 'card', changedAt } as const;
      await store.record(
        [
          { ...event, line: LINE },
          { ...event, line: LINE, changedAt: changedAt - 1 },
          { ...event, line: OTHER_LINE },
        ],
        changedAt + SECOND,
      );
      await store.turn(cardAt(changedAt + SECOND, 'b'), changedAt + SECOND);
      expect(await store.lines()).toMatchObject([{ line: LINE, cardDigest: 'b', cardChangedAt: changedAt }]);
    });

    it('changes nothing while that is not set, nor when it is set later', async () => {
      let store = await seed({ ...once, reshareOnCardChange: false });
      await store.turn(cardAt(changedAt, 'b'), changedAt);
      await store.record([{ kind: 'card', line: LINE, changedAt }], changedAt);
      expect(await store.lines()).toMatchObject([{ cardDigest: null, cardChangedAt: null }]);
      store = await bench.open(once);
      expect(await store.redecide('b', 9, settledAt)).toBe(true);
      expect(await claim(store, settledAt)).toEqual([]);
      await store.turn(cardAt(settledAt, 'c'), settledAt); // changed since the last check while it was not set
      expect(await store.lines()).toMatchObject([{ cardDigest: 'c', cardChangedAt: null }]);
    });

    it('is left to wait when that is not set any more, and counts again when it is', async () => {
      let store = await seed();
      await store.turn(cardAt(changedAt, 'b'), changedAt);
      store = await bench.open({ ...once, reshareOnCardChange: false });
      expect(await store.redecide('off', 9, settledAt)).toBe(true);
      expect(await store.cardShares(settledAt)).toEqual([]);
      expect(await claim(store, settledAt)).toEqual([]);
      store = await bench.open(once);
      await store.redecide('on', 9, settledAt);
      expect(await claim(store, settledAt)).toHaveLength(3);
    });
  });
}
