import { describe, expect, it } from 'vitest';
import { DAY, SECOND } from '../../../src/decide/time.ts';
import { holdOf, LINE, outboundOf, T } from '../builders.ts';
import {
  chatOfStore,
  claim,
  claimOne,
  LEASE_MS,
  type StoreBench,
  settle,
  turnOf,
  verdictOf,
} from './use-store.ts';

export function describeSettlements(bench: StoreBench): void {
  const openWithClaim = async (policy = {}) => {
    const store = await bench.open(policy);
    await store.record([outboundOf(T)], T);
    return { store, claim: await claimOne(store, T + 1) };
  };

  describe('settling', () => {
    it('writes a share: the window begins at its end, the attempt is closed', async () => {
      const { store, claim } = await openWithClaim();
      const result = { ...verdictOf(), traceId: 'trace-1' };
      const settled = await settle(store, { claim, endedAt: T + 50, result });
      const attempt = {
        attemptId: claim.attemptId,
        chatId: 'chat-1',
        trigger: 'became_eligible',
        startedAt: T + 1,
        endedAt: T + 50,
        outcome: 'shared',
        httpStatus: 200,
        linqCode: null,
        traceId: 'trace-1',
      };
      expect(settled).toEqual({ isOurs: true, chat: await store.chat('chat-1'), attempt });
      expect(settled.chat).toMatchObject({
        state: 'waiting',
        reason: 'window',
        shareCount: 1,
        lastSharedAt: T + 50,
        lastShareStartedAt: T + 1,
        nextAttemptAt: T + 50 + DAY,
        lease: null,
      });
      expect(await store.attempts('chat-1', 5)).toEqual([attempt]);
    });

    it('writes a failure: the chat backs off', async () => {
      const { store, claim } = await openWithClaim();
      const result = verdictOf({ kind: 'transient', mayHaveArrived: true, retryAfterMs: null }, null);
      const { chat, attempt } = await settle(store, { claim, endedAt: T + 50, result });
      expect(attempt).toMatchObject({ outcome: 'unknown', httpStatus: null });
      expect(chat).toMatchObject({
        state: 'retrying',
        reason: 'backoff',
        failures: 1,
        uncertainAt: T + 1,
        nextAttemptAt: T + 50 + SECOND,
      });
    });

    it('changes nothing when another lease holds the chat', async () => {
      const { store, claim: lost } = await openWithClaim();
      const current = await claimOne(store, T + 1 + LEASE_MS);
      const late = T + 2 + LEASE_MS;
      const settled = await settle(store, { claim: lost, endedAt: late, result: verdictOf() });
      expect(settled).toEqual({ isOurs: false, chat: current.chat, attempt: null });
      expect(await store.chat('chat-1')).toEqual(current.chat);
      expect(await store.attempts('chat-1', 1)).toMatchObject([
        { attemptId: current.attemptId, endedAt: null },
      ]);
      expect((await store.summary(late)).totals).toMatchObject({ succeeded: 0 });
    });

    it.each([
      ['a share', verdictOf()],
      ['a failure', verdictOf({ kind: 'transient', mayHaveArrived: true, retryAfterMs: null }, null)],
      ['a withdrawal', { kind: 'withdrawn' }],
    ] as const)('settles %s once: a repeat gets the same answer and changes nothing', async (_, result) => {
      const { store, claim } = await openWithClaim();
      const settlement = { claim, endedAt: T + 50, result };
      const first = await settle(store, settlement);
      const read = async () => [
        ...[await store.chat('chat-1'), await store.attempts('chat-1', 5), await store.counts(T + 60)],
        ...[(await store.summary(T + 60)).totals, await store.recentEnds(5)],
      ];
      const before = await read();
      const { settled } = await store.turn(turnOf({ settlements: [settlement, settlement] }), T + 60);
      expect(settled).toEqual([first, first]);
      expect(first.isOurs).toBe(true);
      expect(await read()).toEqual(before);
    });

    it('knows an attempt that it settled even when the chat has been claimed again', async () => {
      const { store, claim } = await openWithClaim();
      const result = verdictOf({ kind: 'transient', mayHaveArrived: false, retryAfterMs: null }, 503);
      const { attempt } = await settle(store, { claim, endedAt: T + 50, result });
      const current = await claimOne(store, T + DAY);
      const again = await settle(store, { claim, endedAt: T + 50, result });
      expect(again).toEqual({ isOurs: true, chat: current.chat, attempt });
      expect(await store.chat('chat-1')).toEqual(current.chat);
    });

    it('does not take an attempt that ended otherwise for its own', async () => {
      const { store, claim } = await openWithClaim();
      await settle(store, { claim, endedAt: T + 50, result: verdictOf() });
      for (const other of [
        { claim, endedAt: T + 51, result: verdictOf() },
        { claim, endedAt: T + 50, result: verdictOf({ kind: 'rejected' }, 400) },
        { claim, endedAt: T + 50, result: { kind: 'withdrawn' } as const },
      ])
        expect(await settle(store, other)).toMatchObject({ isOurs: false, attempt: null });
      expect(await chatOfStore(store)).toMatchObject({ shareCount: 1, lastSharedAt: T + 50 });
    });

    it('believes an attempt that outlived its lease, as long as nobody else took the chat', async () => {
      const { store, claim } = await openWithClaim();
      await store.wakeChats(T + 1 + LEASE_MS, 10);
      const endedAt = T + 2 + LEASE_MS;
      expect(await settle(store, { claim, endedAt, result: verdictOf() })).toMatchObject({
        isOurs: true,
        chat: { state: 'waiting', lastSharedAt: endedAt, interruptions: 0 },
        attempt: { outcome: 'shared' },
      });
    });

    it('forgets a claim that is given back: no attempt, the old place in the queue', async () => {
      const { store, claim } = await openWithClaim();
      const settled = await settle(store, { claim, endedAt: T + 50, result: { kind: 'withdrawn' } });
      expect(settled).toMatchObject({
        isOurs: true,
        chat: { state: 'due', nextAttemptAt: T },
        attempt: null,
      });
      expect(await store.attempts('chat-1', 5)).toEqual([]);
      expect((await store.summary(T + 50)).totals).toMatchObject({ last24h: { succeeded: 0, failed: 0 } });
    });

    it('gives a pretended share a window, and does not count it as a share', async () => {
      const { store, claim } = await openWithClaim({ dryRun: true });
      const { chat, attempt } = await settle(store, { claim, endedAt: T + 50, result: { kind: 'dry_run' } });
      expect(attempt).toMatchObject({ outcome: 'dry_run', httpStatus: null });
      expect(chat).toMatchObject({ state: 'waiting', nextAttemptAt: T + 50 + DAY, shareCount: 0 });
      expect((await store.summary(T + 50)).totals).toMatchObject({ succeeded: 0, last24h: { failed: 0 } });
    });

    it('settles before it claims, so that a place is free at once', async () => {
      const { store, claim: first } = await openWithClaim();
      await store.record([outboundOf(T, { chatId: 'chat-2' })], T + 2);
      const settlements = [{ claim: first, endedAt: T + 50, result: { kind: 'withdrawn' } as const }];
      const request = { lines: [{ line: LINE, limit: 2 }], total: 2, leaseUntil: T + LEASE_MS };
      const { claims } = await store.turn(turnOf({ settlements, claim: request }), T + 50);
      expect(claims.map(({ chat }) => chat.chatId)).toEqual(['chat-1', 'chat-2']);
    });

    it.each([
      ['retired', { kind: 'retired', reason: 'chat_gone' }],
      ['held', { kind: 'opted_out' }],
      ['held', { kind: 'recipient_blocked' }],
      ['retrying', { kind: 'rejected' }],
    ] as const)('undoes a refusal that was a mistake: %s, %j', async (state, verdict) => {
      const { store, claim } = await openWithClaim();
      const settled = await settle(store, { claim, endedAt: T + 50, result: verdictOf(verdict, 404) });
      expect(settled.chat).toMatchObject({ state });
      await store.turn(turnOf({ undone: ['chat-1', 'nobody'] }), T + 60);
      const nothing = { retiredAt: null, retiredReason: null, optOutRefusedAt: null, blockedAt: null };
      const chat = { state: 'due', ...nothing, retryAt: null, retryReason: null, nextAttemptAt: T + 60 };
      expect(await chatOfStore(store)).toMatchObject(chat);
    });
  });

  describe('holds and cards', () => {
    it('keeps holds of the account and of lines over a restart, until they are ended', async () => {
      const before = await bench.open();
      const paused = holdOf({ reason: 'paused' });
      const flagged = holdOf({ scope: LINE, reason: 'line_flagged', until: T + DAY, step: 2 });
      await before.turn(turnOf({ holds: [paused, flagged] }), T);
      await before.putHold({ ...flagged, step: 3 });
      const after = await bench.open();
      expect(await after.holds()).toHaveLength(2);
      expect(await after.holds()).toEqual(expect.arrayContaining([paused, { ...flagged, step: 3 }]));
      await after.turn(turnOf({ endedHolds: [{ scope: LINE, reason: 'line_flagged' }] }), T);
      await after.endHold(null, 'rate_limited');
      expect(await after.holds()).toEqual([paused]);
      await after.endHold(null, 'paused');
      expect(await after.holds()).toEqual([]);
    });

    it('keeps what was seen of a line’s card, and up to when its flags are cleared', async () => {
      const store = await bench.open();
      const card = { line: LINE, card: 'active', cardCheckedAt: T } as const;
      await store.turn(turnOf({ cards: [card], cleared: [{ line: LINE, clearedAt: T + 1 }] }), T + 1);
      expect(await store.lines()).toMatchObject([{ ...card, clearedAt: T + 1, status: null }]);
    });

    it('claims nothing when it is not asked to', async () => {
      const { store } = await openWithClaim();
      expect(await store.turn(turnOf(), T + LEASE_MS * 2)).toMatchObject({
        settled: [],
        claims: [],
        lacksLookUps: false,
      });
      expect(await claim(store, T + LEASE_MS * 2)).toHaveLength(1);
    });
  });
}
