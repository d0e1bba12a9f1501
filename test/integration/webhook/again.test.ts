import { describe, expect, it } from 'vitest';
import { StoreError } from '../../../src/errors.ts';
import { createRecorder } from '../../../src/recorder.ts';
import type { Recordable } from '../../../src/store/store.ts';
import type { WebhookDeps } from '../../../src/webhook/route.ts';
import { message2026, sign } from '../../helpers/deliver.ts';
import { errorOf, NOW, startRoute } from './server.ts';

const fail = (message: string) => () => {
  throw new TypeError(message);
};
const unstorable: Partial<WebhookDeps> = { record: async () => ({ unstorable: 'CHECK' }) };

describe('whatever goes wrong on our side, an authentic delivery is answered 503 to be sent again, telling nothing', () => {
  it.each<[string, Partial<WebhookDeps>]>([
    [
      'the store cannot commit',
      { record: () => Promise.reject(new StoreError('full', 'canary: disk is full')) },
    ],
    ['the recorder throws', { record: fail('canary') }],
    ['parsing has a bug', { parse: fail('canary') }],
    ['verification has a bug', { verify: fail('canary') }],
    [
      'the quarantine cannot be written',
      { ...unstorable, quarantine: () => Promise.reject(new Error('canary')) },
    ],
    ['sealing fails', { ...unstorable, seal: fail('canary') }],
    ['something else is thrown', { record: () => Promise.reject('canary') }],
    [
      'a status is asked for by what is thrown',
      { record: () => Promise.reject({ statusCode: 400, message: 'canary' }) },
    ],
  ])('%s', async (_name, broken) => {
    const route = await startRoute(broken);
    const answer = await route.deliver(message2026());
    expect(answer.status).toBe(503);
    expect(answer.headers['retry-after']).toBe('5');
    expect(errorOf(answer)).toEqual({
      statusCode: 503,
      code: 'NOT_STORED',
      error: 'Service Unavailable',
      message: expect.stringMatching(/send .*again/i),
    });
    expect(JSON.stringify(answer)).not.toMatch(/canary/);
    expect(route.counters).toMatchObject({ accepted: 0, ignored: 0, quarantined: 0, lastAcceptedAt: null });
    expect(route.deliveries.newest()).toMatchObject([{ verdict: 'failed' }]);
    expect(route.logged()).toMatchObject([{ level: 40, msg: 'delivery.failed', verdict: 'failed' }]);
  });

  it("tells the store's reason in the log, and of an unforeseen error only its name and place", async () => {
    const stored = await startRoute({ record: () => Promise.reject(new StoreError('full', 'disk is full')) });
    await stored.deliver(message2026({ chatId: 'c1' }), { webhookId: 'evt_1' });
    expect(stored.logged()).toMatchObject([
      { webhookId: 'evt_1', chatId: 'c1', errorCode: 'REACTOR_STORE', reason: 'disk is full' },
    ]);
    const unforeseen = await startRoute({ parse: fail('"canary words" is not valid JSON') });
    await unforeseen.deliver(message2026());
    expect(unforeseen.logged()).toMatchObject([
      { errorName: 'TypeError', at: expect.arrayContaining([expect.stringMatching(/^at /)]) },
    ]);
    expect(unforeseen.logText()).not.toContain('canary');
  });

  it('fails the whole group when the commit fails, and commits the next', async () => {
    const committed: Recordable[] = [];
    const faults: Error[] = [new StoreError('busy', 'busy')];
    const recorder = createRecorder({
      commit: async (events) => {
        const fault = faults.pop();
        if (fault !== undefined) throw fault;
        committed.push(...events);
        return events.map(() => ({ kind: 'stored' as const }));
      },
      now: () => NOW,
      onRecorded: () => {},
    });
    const route = await startRoute({ record: recorder.record });
    expect(await route.deliver(message2026())).toMatchObject({ status: 503 });
    expect(await route.deliver(message2026())).toMatchObject({ status: 204 });
    expect(committed).toHaveLength(1);
  });
});

describe('while shutting down', () => {
  it('newcomers are answered 503, unverified', async () => {
    const route = await startRoute({ isDraining: () => true, verify: fail('must not be called') });
    const answer = await route.deliver(message2026());
    expect(answer).toMatchObject({ status: 503, headers: { 'retry-after': '5' } });
    expect(errorOf(answer).code).toBe('SHUTTING_DOWN');
  });

  it('those inside are finished', async () => {
    let isDraining = false;
    const route = await startRoute({
      isDraining: () => isDraining,
      record: async () => {
        isDraining = true;
        return 'stored';
      },
    });
    expect(await route.deliver(message2026())).toMatchObject({ status: 204 });
    expect(await route.deliver(message2026())).toMatchObject({ status: 503 });
  });
});

describe('when our own clock is wrong', () => {
  const deliverStale = async (linqDateOffMs: number | null, sentAt = NOW - 400_000) => {
    const route = await startRoute({ linqDateOffMs: () => linqDateOffMs });
    const answers = [];
    for (let n = 0; n < 4; n++) answers.push(await route.deliver(message2026(), { at: sentAt }));
    return { route, answers, statuses: answers.map(({ status }) => status) };
  };

  it.each([
    ['old', 400_000, NOW - 400_000],
    ['from the future', -400_000, NOW + 400_000],
  ])(
    'the third correctly signed delivery that is too %s is answered 503, so that it is not lost',
    async (_name, offMs, sentAt) => {
      const { route, answers, statuses } = await deliverStale(offMs, sentAt);
      expect(statuses).toEqual([401, 401, 503, 503]);
      const [, , third] = answers;
      expect(third?.headers['retry-after']).toBe('5');
      expect(third && errorOf(third)).toMatchObject({ code: 'CLOCK_SUSPECT' });
      expect(route.counters.rejected.stale).toBe(4);
      expect(route.stale).toHaveLength(4);
      expect([...route.recorded, ...route.quarantined]).toEqual([]);
    },
  );

  it("is not assumed while Linq's clock agrees with ours, or isn't known", async () => {
    expect((await deliverStale(30_000)).statuses).toEqual([401, 401, 401, 401]);
    expect((await deliverStale(null)).statuses).toEqual([401, 401, 401, 401]);
  });

  it('is not assumed because of one delivery that is replayed', async () => {
    const route = await startRoute({ linqDateOffMs: () => 400_000 });
    const body = JSON.stringify(message2026());
    const headers = sign(body, { at: NOW - 400_000 });
    for (let n = 0; n < 4; n++) expect(await route.post(body, headers)).toMatchObject({ status: 401 });
  });
});
