import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import type { Store } from '../../src/store/store.ts';
import { inboundOf, LINE, outboundOf, policyOf, T } from '../helpers/builders.ts';
import { createPostgresHome } from '../helpers/postgres-home.ts';
import { createPostgresProxy, type PostgresProxy } from '../helpers/postgres-proxy.ts';
import {
  claim,
  claimOne,
  definite,
  LEASE_MS,
  settle,
  turnOf,
  verdictOf,
} from '../helpers/store/use-store.ts';

/** The statement alone, as pg sends it: a transaction's beginning has the word, too. */
const COMMIT = 'COMMIT\0';

describe('a commit whose answer is lost', () => {
  let proxy: PostgresProxy;
  let store: Store;

  beforeEach(async () => {
    proxy = await createPostgresProxy(inject('postgresUrl'));
    store = await createPostgresHome(proxy.url).open(policyOf());
    await store.record([outboundOf(T)], T);
  });

  afterEach(async () => {
    await store.close();
    await proxy.close();
  });

  /** The call as its caller sees it, when the server has done all of it. */
  async function unanswered(words: string, call: () => Promise<unknown>): Promise<void> {
    proxy.loseAnswerTo(words);
    const error = await call().catch((reason: unknown) => reason);
    await proxy.lost();
    expect(error).toMatchObject({ code: 'REACTOR_STORE', fault: 'unavailable' });
  }

  it('of a delivery: it comes again, and changes nothing', async () => {
    const group = [outboundOf(T + 1), inboundOf(T + 2, { chatId: 'new' })];
    await unanswered('json_to_recordset', () => store.record(group, T + 2));
    const before = [await store.chat('chat-1'), await store.chat('new'), await store.counts(T)];
    expect(before[0]).toMatchObject({ lastOutboundAt: T + 1 });
    await store.record(group, T + 9);
    expect([await store.chat('chat-1'), await store.chat('new'), await store.counts(T)]).toEqual(before);
  });

  it('of a settlement: the next turn is told of it as the first would have been', async () => {
    const settlement = { claim: await claimOne(store, T), endedAt: T + 5, result: verdictOf() };
    await unanswered(COMMIT, () => settle(store, settlement));
    const { settled } = await store.turn(turnOf({ settlements: [settlement] }), T + 6);
    expect(settled).toMatchObject([
      { isOurs: true, chat: { shareCount: 1 }, attempt: { outcome: 'shared' } },
    ]);
    expect((await store.summary(T + 6)).totals).toMatchObject({ succeeded: 1 });
  });

  it('of claims: the next turn withdraws them, so that no attempt counts that nobody made', async () => {
    for (let round = 0; round < 4; round++) {
      const now = T + round;
      await unanswered(COMMIT, () => claim(store, now));
      expect((await store.chat('chat-1'))?.lease).not.toBeNull();
      expect(await store.turn(turnOf(), now)).toMatchObject({ settled: [], claims: [] });
      expect((await store.chat('chat-1'))?.lease).toBeNull();
    }
    const { chat } = await claimOne(store, T + 9);
    expect(chat).toMatchObject({ interruptions: 0, uncertainAt: null });
    expect(await store.attempts('chat-1', 9)).toHaveLength(1);
  });

  it('of an operator’s claim: likewise, and the operator may try again', async () => {
    await unanswered(COMMIT, () => store.claimManually('chat-1', T + LEASE_MS, T));
    const request = { lines: [{ line: LINE, limit: 1 }], total: 1, leaseUntil: T + LEASE_MS };
    const { claims } = await store.turn(turnOf({ claim: request }), T);
    expect(claims).toMatchObject([{ trigger: 'became_eligible' }]);
    await settle(store, { claim: definite(claims[0]), endedAt: T, result: { kind: 'withdrawn' } });
    expect(await store.claimManually('chat-1', T + LEASE_MS, T)).toMatchObject({
      claim: { trigger: 'manual' },
    });
  });
});
