import { describe, expect, it } from 'vitest';
import type { NamedSubscription } from '../../../src/decide/linq-api.ts';
import type { LinqAnswer } from '../../../src/decide/outcome.ts';
import { CARD_EVENTS, CORE_EVENTS } from '../../../src/decide/subscription.ts';
import { SetupError, UnreachableError } from '../../../src/errors.ts';
import {
  addCardEvents,
  type SubscriptionCalls,
  subscribe,
  unsubscribe,
  updateSubscription,
} from '../../../src/setup/subscribe.ts';
import type { SubscriptionChange } from '../../../src/setup/subscription-plan.ts';
import { answerOf, silenceOf } from '../../helpers/builders.ts';

const TARGET = 'https://cards.example.com/webhooks/linq?version=2026-02-03';
const SECRET = 'whsec_aPlbNKJRU8iekHIyc5UGk0UIguq5T5BiwFG57aAXRlA=';

const LOST = silenceOf();
const UNSENT = silenceOf(false);

/** What becomes of a create: done and answered, or lost on the way there or back. */
type Fate = 'answered' | 'answered_without_secret' | 'answer_lost' | 'lost' | LinqAnswer;

interface Trouble {
  /** Of each create, in order; the last one from then on. */
  readonly creates?: readonly Fate[];
  readonly isListLost?: boolean;
  readonly isDeleteLost?: boolean;
  readonly isDiskFull?: boolean;
}

/** An account as Linq has it, with the secrets that were saved for its subscriptions. */
function setUp({ creates = ['answered'], isListLost, isDeleteLost, isDiskFull }: Trouble = {}) {
  const account = new Map<string, NamedSubscription>([['old', subscriptionOf('old')]]);
  const saved = new Map<string, string>();
  const asked: (readonly string[])[] = [];
  let count = 0;
  const linq: SubscriptionCalls = {
    subscriptions: async () =>
      isListLost === true
        ? { kind: 'failed', answer: LOST }
        : { kind: 'subscriptions', subscriptions: [...account.values()] },
    async createSubscription({ events }) {
      asked.push(events);
      const fate = creates[Math.min(count++, creates.length - 1)] ?? 'answered';
      if (typeof fate !== 'string') return { kind: 'failed', answer: fate };
      if (fate === 'lost') return { kind: 'failed', answer: LOST };
      const subscription = subscriptionOf(`new${count}`);
      account.set(subscription.subscriptionId, subscription);
      if (fate === 'answer_lost') return { kind: 'failed', answer: LOST };
      return { kind: 'created', subscription, signingSecret: fate === 'answered' ? SECRET : null };
    },
    updateSubscription: async () => ({ kind: 'updated' }),
    async deleteSubscription(subscriptionId) {
      if (isDeleteLost === true) return { kind: 'failed', answer: LOST };
      account.delete(subscriptionId);
      return { kind: 'deleted' };
    },
  };
  const saveSecret = (secret: string, subscriptionId: string) => {
    if (isDiskFull === true) throw new SetupError('Can’t write .env (ENOSPC): the disk is full.');
    saved.set(subscriptionId, secret);
  };
  const run = () => subscribe({ linq, saveSecret, notify: () => {} }, TARGET, [subscriptionOf('old')]);
  return { run, linq, saved, account, ids: () => [...account.keys()], creates: () => count, asked };
}

function subscriptionOf(subscriptionId: string): NamedSubscription {
  return { subscriptionId, targetUrl: TARGET, isActive: true, events: null, lines: null };
}

describe('a subscription that is created', () => {
  it('has its secret saved', async () => {
    const { run, saved, ids } = setUp();
    expect(await run()).toMatchObject({ subscriptionId: 'new1' });
    expect([...saved]).toEqual([['new1', SECRET]]);
    expect(ids()).toEqual(['old', 'new1']);
  });

  it('is deleted again when its secret can’t be saved, and the reason is told without the secret', async () => {
    const { run, ids } = setUp({ isDiskFull: true });
    const error = await run().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(SetupError);
    expect(String(error)).toMatch(/disk is full\. The new subscription was deleted again/);
    expect(String(error)).not.toContain('whsec_');
    expect(ids()).toEqual(['old']);
  });

  it('and can be neither saved nor deleted is named, so that somebody can', async () => {
    const { run } = setUp({ isDiskFull: true, isDeleteLost: true });
    await expect(run()).rejects.toThrow(/Delete the new subscription new1 in the Linq dashboard/);
  });

  it('is deleted again when Linq tells no secret', async () => {
    const { run, ids } = setUp({ creates: ['answered_without_secret'] });
    await expect(run()).rejects.toThrow(/no signing secret/);
    expect(ids()).toEqual(['old']);
  });
});

describe('when the answer to a create gets lost', () => {
  it('what it made is deleted, and one is made whose secret is known', async () => {
    const { run, saved, ids, creates } = setUp({ creates: ['answer_lost', 'answered'] });
    expect(await run()).toMatchObject({ subscriptionId: 'new2' });
    expect([ids(), [...saved.keys()], creates()]).toEqual([['old', 'new2'], ['new2'], 2]);
  });

  it('and nothing was made, it isn’t repeated: it may still arrive', async () => {
    const { run, ids, creates } = setUp({ creates: ['lost'] });
    await expect(run()).rejects.toBeInstanceOf(UnreachableError);
    expect([ids(), creates()]).toEqual([['old'], 1]);
  });

  it('a 500 is looked into as well', async () => {
    const { run, ids } = setUp({ creates: [answerOf(500, 3006)] });
    await expect(run()).rejects.toThrow(/HTTP 500, code 3006/);
    expect(ids()).toEqual(['old']);
  });

  it.each([
    ['twice', { creates: ['answer_lost'] }, /twice/],
    ['and the list as well', { creates: ['answer_lost'], isListLost: true }, /Run setup again/],
    ['and it can’t be deleted', { creates: ['answer_lost'], isDeleteLost: true }, /new1.*--recreate/],
  ] as const)('%s, that is told', async (_, trouble, message) => {
    await expect(setUp(trouble).run()).rejects.toThrow(message);
  });
});

describe('a create that Linq refuses', () => {
  it.each([
    ['never arrived', UNSENT, UnreachableError],
    ['isn’t a call of Linq’s', answerOf(403, null, { hasEnvelope: false }), SetupError],
    ['conflicts', answerOf(409, 2015), SetupError],
    ['is limited', answerOf(429, 1007), SetupError],
  ])('since it %s leaves everything as it was, and is made once', async (_, answer, kind) => {
    const { run, ids, creates } = setUp({ creates: [answer] });
    await expect(run()).rejects.toBeInstanceOf(kind);
    expect([ids(), creates()]).toEqual([['old'], 1]);
  });
});

it('a create that Linq limits with 503 wasn’t made: nobody looks for it, which would only extend the limit', async () => {
  const limited = answerOf(503, null, { retryAfterMs: 600_000 });
  const { run, creates } = setUp({ creates: [limited], isListLost: true });
  await expect(run()).rejects.toThrow(/limits the rate of calls.*10 minutes/);
  expect(creates()).toBe(1);
});

describe('the events of contact cards', () => {
  const ALL = [...CORE_EVENTS, ...CARD_EVENTS];

  it('are asked for', async () => {
    const { run, asked } = setUp();
    await run();
    expect(asked).toEqual([ALL]);
  });

  it.each([answerOf(400, 1005), answerOf(422, 1003), answerOf(403, 2011), answerOf(404)])(
    'are done without when Linq refuses them with %j',
    async (answer) => {
      const { run, asked, saved } = setUp({ creates: [answer, 'answered'] });
      await run();
      expect(asked).toEqual([ALL, CORE_EVENTS]);
      expect([...saved.values()]).toEqual([SECRET]);
    },
  );

  it('and a refusal that isn’t about them is told', async () => {
    const { run, asked } = setUp({ creates: [answerOf(403, 2011)] });
    await expect(run()).rejects.toThrow(/HTTP 403, code 2011/);
    expect(asked).toHaveLength(2);
  });

  /** An account that lacks them: a change with one of them in it fails as a whole. */
  function changing() {
    const made: SubscriptionChange[] = [];
    const { linq } = setUp();
    return {
      made,
      linq: {
        ...linq,
        async updateSubscription(_: string, change: SubscriptionChange) {
          if (change.events?.some((event) => CARD_EVENTS.includes(event)) === true)
            return { kind: 'failed', answer: answerOf(400, 1005) } as const;
          made.push(change);
          return { kind: 'updated' } as const;
        },
      },
    };
  }

  it('are left out of a change as well', async () => {
    const { linq, made } = changing();
    await updateSubscription({ linq }, 'a', { isActive: true, events: ALL });
    expect(made).toEqual([{ isActive: true, events: CORE_EVENTS }]);
  });

  it('are added to one that is kept, where the account has them', async () => {
    const lacking = { ...subscriptionOf('a'), events: CORE_EVENTS };
    expect(await addCardEvents({ linq: setUp().linq }, lacking)).toBe(true);
    expect(await addCardEvents({ linq: changing().linq }, lacking)).toBe(false);
    expect(await addCardEvents({ linq: setUp().linq }, { ...lacking, events: ALL })).toBe(false);
  });
});

it('of several to delete, those that can’t be are told', async () => {
  const { linq } = setUp({ isDeleteLost: true });
  const old = [subscriptionOf('a'), subscriptionOf('b')];
  expect(await unsubscribe({ linq }, old)).toEqual(old);
});
