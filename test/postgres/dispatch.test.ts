import pg from 'pg';
import { describe, expect, inject, it, onTestFinished, vi } from 'vitest';
import { MINUTE, SECOND } from '../../src/decide/time.ts';
import { LINE, OTHER_LINE, outboundOf, T } from '../helpers/builders.ts';
import { createFakeClock } from '../helpers/clock.ts';
import { createPostgresHome } from '../helpers/postgres-home.ts';
import { createPostgresProxy } from '../helpers/postgres-proxy.ts';
import { createWorkDir, STATUS_TOKEN } from '../helpers/process.ts';
import { startReplicas } from '../helpers/replicas.ts';
import { startService } from '../helpers/service.ts';
import { describeSharedDispatch } from '../helpers/shared-dispatch.ts';

const place = () => createPostgresHome().open;
const chats = (count: number) =>
  Array.from({ length: count }, (_, index) => outboundOf(T, { chatId: `chat-${index}`, line: LINE }));
/** Everybody has looked at the store. */
const LOOK = 2 * SECOND;

describeSharedDispatch(place);

describe('the pace of a line', () => {
  it('is kept by all of them together', async () => {
    const { all, one, linq, run } = await startReplicas(place(), { count: 3, ratePerLine: 2 });
    await one.store.record(chats(40), T);
    for (const { dispatcher } of all) dispatcher.nudge();
    await run(30 * SECOND);
    const starts = linq.shares().map(({ at }) => at);
    expect(starts).toHaveLength(40);
    for (const [index, at] of starts.entries())
      expect(at - (starts[index - 2] ?? 0), `start ${index}`).toBeGreaterThanOrEqual(SECOND);
  });
});

describe('the server is asked', () => {
  /** How often while something is done: each query waits for an answer. */
  async function asked(body: () => Promise<unknown>): Promise<number> {
    const query = vi.spyOn(pg.Client.prototype, 'query');
    try {
      await body();
      return query.mock.calls.length;
    } finally {
      query.mockRestore();
    }
  }

  it('once for GET /status', async () => {
    const settings = { DATABASE_URL: inject('postgresUrl'), DATABASE_SCHEMA: 'asked_once' };
    const { url } = await startService(createWorkDir(), settings, createFakeClock(T));
    const headers = { authorization: `Bearer ${STATUS_TOKEN}` };
    const get = async () => expect((await fetch(`${url}/status`, { headers })).status).toBe(200);
    const counts = [];
    for (let n = 0; n < 5; n++) counts.push(await asked(get)); // the start may still be asking beside the first
    expect(Math.min(...counts)).toBe(1);
  });

  it('about once a second while nothing is due, for a heartbeat, and to delete what is old', async () => {
    const { one, run } = await startReplicas(place(), { count: 1 });
    await one.deliver(...chats(1));
    await run(MINUTE);
    expect(await asked(() => run(20 * SECOND))).toBeLessThanOrEqual(20 / 0.8 + 8 + 4);
  });
});

describe('a claim whose answer is lost', () => {
  it('is withdrawn and made again, also if there is nothing else to write', async () => {
    const proxy = await createPostgresProxy(inject('postgresUrl'));
    onTestFinished(proxy.close);
    const { one, linq, run } = await startReplicas(createPostgresHome(proxy.url).open, { count: 1 });
    await one.deliver(...chats(1)); // its card is known from then on
    await run(LOOK);
    expect(linq.shares()).toHaveLength(1);
    await one.store.record([outboundOf(T, { chatId: 'lost' })], T);
    proxy.loseAnswerTo('COMMIT\0');
    await run(5 * SECOND);
    await proxy.lost();
    expect(linq.shares()).toHaveLength(2);
    expect(await one.attempts('lost')).toMatchObject([{ outcome: 'shared' }]);
  });
});

describe('settings', () => {
  it('that differ decide nothing anew; once they agree, the leader decides all chats again', async () => {
    const { one, other, linq, settings, run } = await startReplicas(place(), {
      policies: [{}, { lines: new Set([OTHER_LINE]) }],
    });
    settings.areAgreed = false;
    await run(LOOK);
    await other.deliver(...chats(1)); // decided by settings that exclude its line
    expect(linq.shares()).toEqual([]);
    await run(MINUTE);
    expect(await one.chat('chat-0')).toMatchObject({ state: 'held', reason: 'line_excluded' });
    await other.stop();
    settings.areAgreed = true;
    await run(MINUTE);
    expect(linq.shares()).toHaveLength(1);
  });

  it('that were tried and taken back: the next leader decides all chats again, though all were decided by its own before', async () => {
    const { one, other, linq, leader, settings, beat, run } = await startReplicas(place(), {
      policies: [{}, { lines: new Set([OTHER_LINE]) }],
    });
    await run(LOOK);
    settings.areAgreed = false;
    leader.index = 1;
    await run(LOOK);
    await other.deliver(...chats(1));
    expect(await one.chat('chat-0')).toMatchObject({ state: 'held', reason: 'line_excluded' });
    await other.stop();
    leader.index = 0;
    await beat[0]?.();
    await run(LOOK);
    settings.areAgreed = true;
    await run(MINUTE);
    expect(linq.shares()).toHaveLength(1);
  });
});
