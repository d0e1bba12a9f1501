import type { Subscription } from '../../decide/linq-api.ts';
import {
  CORE_EVENTS,
  isSameRoute,
  SECRET_PREFIX,
  uncoveredLines,
  VITAL_EVENT,
} from '../../decide/subscription.ts';
import type { ShowLine } from '../../status/view/chat-view.ts';
import { type Finding, fine, found, skipped } from '../finding.ts';

/** Payload versions that this program reads. */
const VERSIONS: readonly string[] = ['2026-02-03', '2025-01-01'];

const SETUP = '`contact-card-reactor setup`';
const RECREATE = '`contact-card-reactor setup --recreate`';

export function judgeNoPublicUrl(): Finding {
  return found(
    'public_url_unset',
    'PUBLIC_URL is not set, so doctor can’t check that Linq reaches this service.',
    'Set PUBLIC_URL to the address at which Linq reaches it, for example PUBLIC_URL=https://cards.example.com, and restart the service.',
  );
}

/**
 * @param publicUrl our webhook route as Linq calls it, without a query
 * @param shared the lines on which we share
 */
export function judgeSubscriptions(
  subscriptions: readonly Subscription[],
  publicUrl: string,
  shared: readonly string[],
  showLine: ShowLine,
): readonly Finding[] {
  const own = subscriptions.filter(({ targetUrl }) => isSameRoute(targetUrl, publicUrl));
  const active = own.filter(({ isActive }) => isActive);
  const [first] = active;
  if (first === undefined) return [own.length === 0 ? missing(publicUrl) : inactive(publicUrl)];
  const duplicates = active.length > 1 ? [duplicate(publicUrl, active.length)] : [];
  const findings = [
    ...duplicates,
    ...judgeEvents(active),
    ...judgeVersion(active),
    ...judgeLimit(uncoveredLines(active, shared).map(showLine)),
  ];
  if (findings.length > 0) return findings;
  return [fine('subscription', `One points to ${publicUrl}, is active, and has every event it needs.`)];
}

/** Ids of the subscriptions that point here, active or not. */
export function idsOfOwn(subscriptions: readonly Subscription[], publicUrl: string): readonly string[] {
  return subscriptions
    .filter(({ targetUrl }) => isSameRoute(targetUrl, publicUrl))
    .flatMap(({ subscriptionId }) => subscriptionId ?? []);
}

function missing(publicUrl: string): Finding {
  return found(
    'subscription_missing',
    `No webhook subscription on this account points to ${publicUrl}, so the service gets no webhooks.`,
    `Run ${SETUP}: it creates one and saves its signing secret. If PUBLIC_URL is wrong, correct it first. Then restart the service.`,
    { publicUrl },
  );
}

function inactive(publicUrl: string): Finding {
  return found(
    'subscription_inactive',
    `The webhook subscription for ${publicUrl} is switched off, so the service gets no webhooks.`,
    `Run ${SETUP}, which switches it on again, or switch it on in the Linq dashboard.`,
    { publicUrl },
  );
}

function duplicate(publicUrl: string, count: number): Finding {
  return found(
    'subscription_duplicate',
    `${count} active webhook subscriptions point to ${publicUrl}; each event arrives ${count} times, signed with different secrets.`,
    `Run ${RECREATE}, which replaces them with a single new one, and restart the service. Or delete all but one in the Linq dashboard: keep the one whose signing secret is in LINQ_WEBHOOK_SECRET.`,
    { count },
  );
}

function judgeEvents(active: readonly Subscription[]): readonly Finding[] {
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
      `The webhook subscription lacks ${absent.join(', ')}; ${effect}.`,
      `Run ${SETUP}, which completes it, or add these events in the Linq dashboard.`,
      { absent },
    ),
  ];
}

function judgeVersion(active: readonly Subscription[]): readonly Finding[] {
  const versions = active.map(({ targetUrl }) => new URL(targetUrl).searchParams.get('version'));
  if (versions.every((version) => version !== null && VERSIONS.includes(version))) return [];
  return [
    found(
      'subscription_unpinned',
      'The webhook subscription’s URL doesn’t pin a payload version that this program reads, so the format may change without notice.',
      `Run ${SETUP}, which adds ?version=${VERSIONS[0]} to its URL.`,
      { versions },
    ),
  ];
}

/** @param uncovered as shown */
function judgeLimit(uncovered: readonly string[]): readonly Finding[] {
  if (uncovered.length === 0) return [];
  return [
    found(
      'subscription_limited',
      `The webhook subscription is limited to some lines; the service gets no webhooks for ${uncovered.join(', ')}.`,
      `Run ${SETUP}, which extends it to all lines. To share only on the lines that it covers, list those in LINQ_LINES instead, and restart the service.`,
      { uncovered },
    ),
  ];
}

/** The running service's verdicts on deliveries since its start. */
export interface SeenVerdicts {
  /** Authentic, whatever was done with them. */
  readonly authentic: number;
  readonly mismatched: number;
}

/** The note that `setup` made when it saved a secret. */
export interface SecretNote {
  readonly subscriptionId: string;
  readonly isOf: (secret: string) => boolean;
}

/** The size of the secrets that Linq issues. */
const USUAL_BYTES = 32;
/** This many bad signatures and no authentic delivery: that isn't just a scanner. */
const MANY_MISMATCHES = 3;

const RECREATE_FOR_SECRET =
  'run `contact-card-reactor setup --recreate`: Linq shows a signing secret only once, so this creates a new subscription and saves its secret. Then restart the service.';

/**
 * Checks whether the secrets can be those of the subscription. Linq shows a secret only once, so it can only
 * be compared with `setup`'s note. The service's verdicts on Linq's deliveries are the best evidence: if Linq doesn't
 * say whether the noted subscription still exists, one accepted delivery outweighs the note.
 * @param verdicts null: unknown
 * @param note null: no note
 * @param own ids of the subscriptions that point here; null: unknown
 */
export function judgeSecrets(
  secrets: readonly string[],
  verdicts: SeenVerdicts | null,
  note: SecretNote | null,
  own: readonly string[] | null,
): readonly Finding[] {
  const isProven = (verdicts?.authentic ?? 0) > 0;
  const unfit =
    note === null || secrets.length === 0 || (own === null && isProven)
      ? null
      : judgeByNote(secrets, note, own);
  if (unfit !== null) return [unfit];
  if (verdicts !== null && verdicts.authentic === 0 && verdicts.mismatched >= MANY_MISMATCHES) {
    return [
      found(
        'secret_wrong',
        `Since it started, the service has rejected ${verdicts.mismatched} deliveries with a bad signature and accepted none: LINQ_WEBHOOK_SECRET isn’t the webhook subscription’s secret.`,
        `If you have the right one, set it and restart the service. Otherwise ${RECREATE_FOR_SECRET}`,
        { ...verdicts },
      ),
    ];
  }
  const oddities = describeOddities(secrets);
  if (oddities.length > 0) {
    return [
      found(
        'secret_suspect',
        `LINQ_WEBHOOK_SECRET is valid, but ${oddities.join('; ')}.`,
        'Compare it with the signing_secret that Linq showed when the subscription was created. If that is lost, run `contact-card-reactor setup --recreate` and restart the service.',
        { oddities },
      ),
    ];
  }
  if (secrets.length === 0) return [skipped('webhook_secret', 'LINQ_WEBHOOK_SECRET is missing or wrong.')];
  const proven = isProven ? ', and the service has accepted deliveries signed with it' : '';
  const what = secrets.length === 1 ? 'It has' : `Each of the ${secrets.length} has`;
  return [fine('webhook_secret', `${what} the right format${proven}.`, { count: secrets.length })];
}

/** Null: the note raises no objection. */
function judgeByNote(
  secrets: readonly string[],
  { subscriptionId, isOf }: SecretNote,
  own: readonly string[] | null,
): Finding | null {
  const isThere = own === null || own.includes(subscriptionId);
  const isKnown = secrets.some(isOf);
  if (!isKnown && isThere) {
    return found(
      'secret_differs',
      `LINQ_WEBHOOK_SECRET isn’t the secret that setup saved for webhook subscription ${subscriptionId}, so deliveries from Linq can’t be verified.`,
      `If you have the secret that setup saved, put it back and restart the service. Otherwise ${RECREATE_FOR_SECRET}`,
      { subscriptionId },
    );
  }
  if (isKnown && !isThere && own.length > 0 && secrets.length === 1) {
    return found(
      'secret_orphaned',
      `LINQ_WEBHOOK_SECRET belongs to webhook subscription ${subscriptionId}, which no longer points here; another one does.`,
      `If you have the secret of the one that points here, set it and restart the service. Otherwise ${RECREATE_FOR_SECRET}`,
      { subscriptionId },
    );
  }
  return null; // another subscription and its secret were set up by hand since; there is no note about it
}

function describeOddities(secrets: readonly string[]): string[] {
  const keys = secrets.map((secret) => Buffer.from(secret.slice(SECRET_PREFIX.length), 'base64'));
  const name = (index: number) => (secrets.length === 1 ? 'it' : `secret ${index + 1}`);
  return keys.flatMap((key, index) => {
    if (new Set(key).size < key.length / 4) return [`${name(index)} repeats itself, like a placeholder`];
    if (key.length !== USUAL_BYTES)
      return [`${name(index)} has ${key.length} bytes instead of the ${USUAL_BYTES} that Linq issues`];
    const first = keys.findIndex((other) => other.equals(key));
    return first < index ? [`secret ${index + 1} is the same as secret ${first + 1}`] : [];
  });
}
