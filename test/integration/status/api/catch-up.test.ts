import { describe, expect, it } from 'vitest';
import { type CatchUpView, createCatchUp } from '../../../../src/catch-up/catch-up.ts';
import { type CatchUpRun, wishFor } from '../../../../src/decide/catch-up.ts';
import { HOUR, MINUTE } from '../../../../src/decide/time.ts';
import { StoreError } from '../../../../src/errors.ts';
import { T } from '../../../helpers/builders.ts';
import { createFakeClock } from '../../../helpers/clock.ts';
import { startStatus } from '../harness.ts';
import { startService } from './verbs-harness.ts';

const RUN: CatchUpRun = {
  reason: 'manual',
  startedAt: T,
  since: null,
  chatsSeen: 0,
  chatsTotal: null,
  chatsRead: 0,
  chatsChanged: 0,
  chatsUnread: 0,
};
const viewOf = (parts: Partial<CatchUpView>): CatchUpView => ({
  activity: 'running',
  cause: null,
  run: RUN,
  completedAt: null,
  ...parts,
});
const HALF = viewOf({ run: { ...RUN, chatsSeen: 50, chatsTotal: 100, chatsRead: 3 } });
const WHOLE = { ...RUN, chatsSeen: 100, chatsTotal: 100, chatsRead: 7, chatsChanged: 2 };
const DONE = viewOf({ activity: 'idle', run: WHOLE, completedAt: T + 3 * MINUTE });

/** Shows one view after the other, the last one from then on. */
function playing(...views: readonly CatchUpView[]) {
  const requests: number[] = [];
  let shown = 0;
  const catchUp = {
    request: async () => void requests.push(shown),
    view: () => views[Math.min(shown++, views.length - 1)] ?? DONE,
  };
  return { requests, deps: { catchUp } };
}

describe('POST /status/catch-up', () => {
  it('asks for a run and answers 202 with how far it is, each time it is asked', async () => {
    const { requests, deps } = playing(HALF);
    const { post } = await startStatus({ deps });
    const answer = await post('/status/catch-up');
    expect(answer).toMatchObject({ status: 202 });
    expect(answer.body).toEqual({
      state: 'running',
      cause: null,
      lastCompletedAt: null,
      startedAt: new Date(T).toISOString(),
      chatsSeen: 50,
      chatsTotal: 100,
      chatsRead: 3,
      chatsChanged: 0,
      chatsUnread: 0,
    });
    expect((await post('/status/catch-up')).status).toBe(202);
    expect(requests).toHaveLength(2);
  });

  it('needs a token, and is refused while the wish could not be kept', async () => {
    const { requests, deps } = playing(HALF);
    const { post } = await startStatus({ deps });
    expect((await post('/status/catch-up', { headers: { authorization: '' } })).status).toBe(401);
    expect(requests).toEqual([]);
    const full = { ...deps.catchUp, request: () => Promise.reject(new StoreError('full', 'full')) };
    const failing = await startStatus({ deps: { catchUp: full } });
    expect(await failing.post('/status/catch-up')).toMatchObject({
      status: 503,
      body: { code: 'STORE_UNAVAILABLE' },
    });
  });
});

describe('GET /status', () => {
  it('shows the run under way, or the last one, and why it waits', async () => {
    const waiting = viewOf({ activity: 'waiting', cause: 'rate_limited', run: WHOLE, completedAt: T });
    const { get } = await startStatus({ deps: playing(waiting).deps });
    expect((await get('/status')).body.catchUp).toMatchObject({
      state: 'waiting',
      cause: 'rate_limited',
      lastCompletedAt: new Date(T).toISOString(),
      chatsSeen: 100,
      chatsTotal: 100,
    });
  });

  it('shows the run that was requested at another replica since this one last looked', async () => {
    const { store, clock, get } = await startStatus({ deps: { catchUp: replicaThatFollows() } });
    expect((await get('/status')).body.catchUp).toMatchObject({ state: 'idle' });
    await store.changeCatchUp((state) => wishFor(state, 'manual', clock.now()));
    expect((await get('/status')).body.catchUp).toMatchObject({ state: 'running' });
  });
});

/** It has not looked at the store yet. */
function replicaThatFollows() {
  const never = () => Promise.reject(new Error('a replica that follows reads nothing'));
  return createCatchUp({
    store: {
      catchUp: never,
      changeCatchUp: never,
      recordRead: never,
      catchUpReads: never,
      activeChats: never,
    },
    linq: { chats: never, lines: never, messages: never, subscriptions: never },
    account: { hold: () => null, isLeader: () => false, term: () => null, heard: () => {} },
    clock: createFakeClock(T),
    random: () => 0,
    log: { debug() {}, info() {}, warn() {}, error() {} },
    everyMs: HOUR,
    toleratedMs: MINUTE,
    idleAfterMs: 0,
    publicUrl: null,
    isShared: true,
    leadersView: () => ({ activity: 'idle', cause: null }),
    onNews: () => {},
  });
}

describe('catch-up', () => {
  const SUMMARY = 'Caught up in 3 min: 100 chats seen, 7 read, 93 unchanged and skipped; 2 updated.\n';

  it('waits for the end and says what it brought, in plain lines where nobody looks on', async () => {
    const { requests, deps } = playing(viewOf({}), HALF, DONE);
    const { run } = await startService({ deps });
    expect(await run('catch-up')).toEqual({
      exitCode: 0,
      out: `Catching up: 0 chats so far, 0 read\n${SUMMARY}`,
      error: '',
    });
    expect(requests).toHaveLength(1);
  });

  it('draws a bar on a terminal, no wider than that, and without colours', async () => {
    const { run, env } = await startService({ deps: playing(HALF, HALF, DONE).deps });
    const { out } = await run('catch-up', { env: { ...env, NO_COLOR: '1' }, isTerminal: true, columns: 60 });
    const bar = '[############------------]  50 %  50 of 100 chats, 3 read';
    expect(out).toBe(`\r${bar}\r${bar}\r${' '.repeat(bar.length)}\r${SUMMARY}`);
    const narrow = await startService({ deps: playing(HALF, DONE).deps });
    const shown = await narrow.run('catch-up', { env: narrow.env, isTerminal: true, columns: 20 });
    expect(shown.out).toContain('\r[############------\r');
  });

  it("doesn't wait with --no-wait", async () => {
    const { run } = await startService({ deps: playing(viewOf({})).deps });
    expect(await run('catch-up --no-wait')).toMatchObject({
      exitCode: 0,
      out: 'Catch-up started. `status` shows its progress.\n',
    });
    const { out } = await run('catch-up --no-wait --json');
    expect(JSON.parse(out)).toMatchObject({ state: 'running' });
  });

  it('prints how it ended as JSON, and nothing else', async () => {
    const { run } = await startService({ deps: playing(viewOf({}), HALF, DONE).deps });
    const { out, exitCode } = await run('catch-up --json');
    expect(JSON.parse(out)).toMatchObject({ state: 'idle', chatsRead: 7 });
    expect(exitCode).toBe(0);
  });

  it('goes on waiting while Linq limits the rate, and says so', async () => {
    const limited = viewOf({ activity: 'waiting', cause: 'rate_limited' });
    const { run } = await startService({ deps: playing(limited, limited, DONE).deps });
    const { out, exitCode } = await run('catch-up');
    expect(out).toBe(`Catching up: waiting: Linq is rate limiting this account\n${SUMMARY}`);
    expect(exitCode).toBe(0);
  });

  it.each([
    ['failed', viewOf({ activity: 'failed', cause: 'timeout' }), 'Linq’s API failed (timeout)'],
    [
      'can only wait for another key',
      viewOf({ activity: 'waiting', cause: 'api_key_rejected' }),
      'rejects the API key',
    ],
  ])('ends with 1 when it %s', async (_what, view, words) => {
    const { run } = await startService({ deps: playing(viewOf({}), view).deps });
    expect(await run('catch-up')).toMatchObject({ exitCode: 1, error: expect.stringContaining(words) });
  });

  it('ends with 1 when chats are left to the next run', async () => {
    const left = viewOf({ activity: 'off', run: { ...WHOLE, chatsUnread: 1 }, completedAt: T });
    const { run } = await startService({ deps: playing(viewOf({}), left).deps });
    expect(await run('catch-up')).toMatchObject({
      exitCode: 1,
      out: expect.stringContaining('1 couldn’t be read'),
    });
  });

  it('ends with 5 when nothing answers', async () => {
    const { app, run } = await startService();
    await app.close();
    expect((await run('catch-up')).exitCode).toBe(5);
  });
});
