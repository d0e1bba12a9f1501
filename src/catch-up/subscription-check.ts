import type { Clock } from '../clock.ts';
import { isSameRoute, VITAL_EVENT } from '../decide/subscription.ts';
import { HOUR, MINUTE } from '../decide/time.ts';
import type { Log } from '../log.ts';
import type { Calls, LinqReads, VisibleSubscription } from './calls.ts';

/**
 * `missing`: no subscription points to us, or it lacks the event that we depend on. `unknown`: we haven't checked yet.
 * `unwatched`: there is no public address to compare with.
 */
export type SubscriptionState = 'unknown' | 'unwatched' | 'fine' | 'missing' | 'inactive';

/** Real time between two checks, and after a failed one. */
const RECHECK_MS = HOUR;
const RETRY_MS = MINUTE;

/** @param publicUrl our webhook route as Linq calls it, without the query that selects the payload version */
export function decideSubscription(
  subscriptions: readonly VisibleSubscription[],
  publicUrl: string,
): Exclude<SubscriptionState, 'unknown' | 'unwatched'> {
  const own = subscriptions.filter(({ targetUrl }) => isSameRoute(targetUrl, publicUrl));
  const useful = own.filter(({ events }) => events === null || events.includes(VITAL_EVENT));
  if (useful.some(({ isActive }) => isActive)) return 'fine';
  return useful.length > 0 ? 'inactive' : 'missing';
}

/** Checks whether Linq's webhooks still point to us. */
export function createSubscriptionCheck({
  publicUrl,
  linq,
  calls,
  clock,
  log,
}: {
  publicUrl: string | null;
  linq: Pick<LinqReads, 'subscriptions'>;
  calls: Pick<Calls, 'tryOnce'>;
  clock: Clock;
  log: Log;
}) {
  let state: SubscriptionState = publicUrl === null ? 'unwatched' : 'unknown';
  let isUnread = false;
  let nextAt = publicUrl === null ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;

  return {
    state: (): SubscriptionState => state,
    /** Real ms until the next check is due. */
    dueInMs: (): number => nextAt - clock.monotonic(),
    /** @throws when stopped */
    async check(): Promise<void> {
      if (publicUrl === null) return;
      const answer = await calls.tryOnce((signal) => linq.subscriptions(signal));
      nextAt = clock.monotonic() + (answer.kind === 'subscriptions' ? RECHECK_MS : RETRY_MS);
      if (answer.kind !== 'subscriptions') {
        if (!isUnread) log.warn({}, 'subscription.unread');
        isUnread = true;
        return;
      }
      isUnread = false;
      const before = state;
      state = decideSubscription(answer.subscriptions, publicUrl);
      if (state === before) return;
      if (state === 'fine') log.info({}, 'subscription.found');
      else log.warn({ state }, 'subscription.not_found');
    },
  };
}
