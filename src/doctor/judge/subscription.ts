import { CORE_EVENTS, VITAL_EVENT } from '../../decide/event.ts';
import { type Finding, fine, found } from '../finding.ts';

export interface SeenSubscription {
  readonly subscriptionId: string | null;
  readonly targetUrl: string;
  readonly isActive: boolean;
  /** Null: not told. */
  readonly events: readonly string[] | null;
  /** The lines it is limited to; null: all. */
  readonly lines: readonly string[] | null;
}

/** Versions of the payload that this program reads. */
const VERSIONS: readonly string[] = ['2026-02-03', '2025-01-01'];

const SETUP = '`contact-card-reactor setup`';
const RECREATE = '`contact-card-reactor setup --recreate`';

export function judgeNoPublicUrl(): Finding {
  return found(
    'public_url_unset',
    'PUBLIC_URL is not set, so nobody can tell whether Linq reaches this service.',
    'Set PUBLIC_URL to the address at which Linq reaches it, for example PUBLIC_URL=https://cards.example.com, and restart the service.',
  );
}

/** @param publicUrl our webhook route as Linq calls it, without a query */
export function judgeSubscriptions(
  subscriptions: readonly SeenSubscription[],
  publicUrl: string,
): readonly Finding[] {
  const own = subscriptions.filter(({ targetUrl }) => addressOf(targetUrl) === addressOf(publicUrl));
  const active = own.filter(({ isActive }) => isActive);
  const [first] = active;
  if (first === undefined) return [own.length === 0 ? missing(publicUrl) : inactive(publicUrl)];
  const duplicates = active.length > 1 ? [duplicate(publicUrl, active.length)] : [];
  const findings = [...duplicates, ...judgeEvents(active), ...judgeVersion(active), ...judgeLimit(active)];
  if (findings.length > 0) return findings;
  return [
    fine('subscription', `One leads to ${publicUrl}, is active and carries every event that is needed.`),
  ];
}

/** Ids of those that lead here, whether or not they are active. */
export function idsOfOwn(subscriptions: readonly SeenSubscription[], publicUrl: string): readonly string[] {
  return subscriptions
    .filter(({ targetUrl }) => addressOf(targetUrl) === addressOf(publicUrl))
    .flatMap(({ subscriptionId }) => subscriptionId ?? []);
}

function missing(publicUrl: string): Finding {
  return found(
    'subscription_missing',
    `No webhook subscription of the account leads to ${publicUrl}, so Linq tells the service nothing.`,
    `Run ${SETUP}: it creates one and saves its signing secret. If PUBLIC_URL is wrong, correct it first. Then restart the service.`,
    { publicUrl },
  );
}

function inactive(publicUrl: string): Finding {
  return found(
    'subscription_inactive',
    `The webhook subscription for ${publicUrl} is switched off, so Linq tells the service nothing.`,
    `Run ${SETUP}, which switches it on again, or switch it on in the Linq dashboard.`,
    { publicUrl },
  );
}

function duplicate(publicUrl: string, count: number): Finding {
  return found(
    'subscription_duplicate',
    `${count} active webhook subscriptions lead to ${publicUrl}; each event comes ${count} times, signed by different secrets.`,
    `Run ${RECREATE}, which puts a single new one in their place, and restart the service. Or delete all but one in the Linq dashboard: keep the one whose signing secret is in LINQ_WEBHOOK_SECRET.`,
    { count },
  );
}

function judgeEvents(active: readonly SeenSubscription[]): readonly Finding[] {
  const isCarried = (event: string) => active.some(({ events }) => events === null || events.includes(event));
  const absent = CORE_EVENTS.filter((event) => !isCarried(event));
  if (absent.length === 0) return [];
  const isBlind = absent.includes(VITAL_EVENT);
  const effect = isBlind
    ? 'new chats go unnoticed until the next catch-up'
    : 'opt-outs, flagged lines or replies may go unnoticed';
  return [
    found(
      isBlind ? 'subscription_blind' : 'subscription_incomplete',
      `The webhook subscription doesn't carry ${absent.join(', ')}; ${effect}.`,
      `Run ${SETUP}, which completes it, or add these events in the Linq dashboard.`,
      { absent },
    ),
  ];
}

function judgeVersion(active: readonly SeenSubscription[]): readonly Finding[] {
  const versions = active.map(({ targetUrl }) => new URL(targetUrl).searchParams.get('version'));
  if (versions.every((version) => version !== null && VERSIONS.includes(version))) return [];
  return [
    found(
      'subscription_unpinned',
      'The address of the webhook subscription names no version of the payload that this program reads, so its format may change one day.',
      `Run ${SETUP}, which puts ?version=${VERSIONS[0]} at the end of its address.`,
      { versions },
    ),
  ];
}

function judgeLimit(active: readonly SeenSubscription[]): readonly Finding[] {
  const isLimited = active.every(({ lines }) => lines !== null && lines.length > 0);
  if (!isLimited) return [];
  return [
    found(
      'subscription_limited',
      'The webhook subscription is limited to some lines; of the others the service hears nothing.',
      `If that isn't meant, run ${RECREATE}, which makes one for all lines, and restart the service; if it is, name the same lines in LINQ_LINES.`,
    ),
  ];
}

/** Host names have no case, and a slash at the end leads to the same route. */
function addressOf(url: string): string | null {
  if (!URL.canParse(url)) return null;
  const { origin, pathname } = new URL(url);
  return origin + pathname.replace(/\/+$/, '');
}
