import type { Clock } from '../clock.ts';
import { isSameRoute, VITAL_EVENT } from '../decide/subscription.ts';
import { HOUR, MINUTE } from '../decide/time.ts';
import type { Log } from '../log.ts';
import type { Account, Calls, LinqReads, VisibleSubscription } from './calls.ts';

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

/** Checks whether Linq's webhooks still point to us. Forgets at the end of a term, since others check from then on. */
export function createSubscriptionCheck({
  publicUrl,
  linq,
  calls,
  account,
  clock,
  log,
}: {
  publicUrl: string | null;
  linq: Pick<LinqReads, 'subscriptions'>;
  calls: Pick<Calls, 'tryOnce'>;
  account: Pick<Account, 'term'>;
  clock: Clock;
  log: Log;
}) {
  let known: {
    readonly term: number | null;
    readonly state: SubscriptionState;
    readonly nextAt: number;
  } | null = null;
  let isUnread = false;
  const current = () => (known?.term === account.term() ? known : null);

  return {
    state: (): SubscriptionState => (publicUrl === null ? 'unwatched' : (current()?.state ?? 'unknown')),
    /** Real ms until the next check is due. */
    dueInMs(): number {
      if (publicUrl === null) return Number.POSITIVE_INFINITY;
      return (current()?.nextAt ?? clock.monotonic()) - clock.monotonic();
    },
    /** @throws when stopped */
    async check(): Promise<void> {
      if (publicUrl === null) return;
      const term = account.term();
      const before = current()?.state ?? 'unknown';
      const answer = await calls.tryOnce((signal) => linq.subscriptions(signal));
      if (answer.kind !== 'subscriptions') {
        if (!isUnread) log.warn({}, 'subscription.unread');
        isUnread = true;
        known = { term, state: before, nextAt: clock.monotonic() + RETRY_MS };
        return;
      }
      isUnread = false;
      const state = decideSubscription(answer.subscriptions, publicUrl);
      known = { term, state, nextAt: clock.monotonic() + RECHECK_MS };
      if (state === before) return;
      if (state === 'fine') log.info({}, 'subscription.found');
      else log.warn({ state }, 'subscription.not_found');
    },
  };
}
