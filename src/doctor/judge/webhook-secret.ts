import { type Finding, fine, found, skipped } from '../finding.ts';

/** How the running service judged deliveries since its start. */
export interface SeenVerdicts {
  /** Authentic, whatever became of them. */
  readonly authentic: number;
  readonly mismatched: number;
}

/** What `setup` noted when it saved a secret. */
export interface SecretNote {
  readonly subscriptionId: string;
  readonly isOf: (secret: string) => boolean;
}

/** What Linq issues. */
const USUAL_BYTES = 32;
/** So many refused deliveries without one that was authentic are no scanner. */
const TELLING = 3;

const RECREATE_FOR_SECRET =
  'run `contact-card-reactor setup --recreate`: Linq shows a signing secret only when a subscription is created, so it puts a new one in place and saves its secret. Then restart the service.';

/**
 * Whether the secrets can be those of the subscription. Linq shows a secret only once, so nobody can compare it but with
 * what `setup` noted of it; and what the service made of Linq's deliveries tells most: where Linq doesn't say whether the
 * subscription of the note is still there, one that the service took outweighs it.
 * @param verdicts null: unknown
 * @param note null: nothing is noted
 * @param own ids of the subscriptions that lead here; null: unknown
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
  if (verdicts !== null && verdicts.authentic === 0 && verdicts.mismatched >= TELLING) {
    return [
      found(
        'secret_wrong',
        `Since its start the service refused ${verdicts.mismatched} deliveries whose signature doesn't match, and took none: LINQ_WEBHOOK_SECRET isn't the secret of the webhook subscription.`,
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
        `LINQ_WEBHOOK_SECRET can be used, but ${oddities.join('; ')}.`,
        'Compare it with the signing_secret that Linq showed when the subscription was created. If that is lost, run `contact-card-reactor setup --recreate` and restart the service.',
        { oddities },
      ),
    ];
  }
  if (secrets.length === 0) return [skipped('webhook_secret', "LINQ_WEBHOOK_SECRET can't be used.")];
  const proven = isProven ? ' and has signed deliveries that the service took' : '';
  const what = secrets.length === 1 ? 'It has' : `Each of the ${secrets.length} has`;
  return [fine('webhook_secret', `${what} the form that Linq issues${proven}.`, { count: secrets.length })];
}

/** Null: the note has nothing against it. */
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
      `LINQ_WEBHOOK_SECRET isn't the secret that setup saved for webhook subscription ${subscriptionId}, so no delivery of Linq can be verified.`,
      `If you have the one that setup saved, put it back and restart the service. Otherwise ${RECREATE_FOR_SECRET}`,
      { subscriptionId },
    );
  }
  if (isKnown && !isThere && own.length > 0 && secrets.length === 1) {
    return found(
      'secret_orphaned',
      `LINQ_WEBHOOK_SECRET is that of webhook subscription ${subscriptionId}, which leads here no more; another one does.`,
      `If you have the secret of the one that leads here, set it and restart the service. Otherwise ${RECREATE_FOR_SECRET}`,
      { subscriptionId },
    );
  }
  return null; // another subscription was made by hand since, and its secret set: nothing is noted of that
}

function describeOddities(secrets: readonly string[]): string[] {
  const keys = secrets.map((secret) => Buffer.from(secret.replace(/^whsec_/, ''), 'base64'));
  const name = (index: number) => (secrets.length === 1 ? 'it' : `secret ${index + 1}`);
  return keys.flatMap((key, index) => {
    if (new Set(key).size < key.length / 4) return [`${name(index)} repeats itself, as a placeholder does`];
    if (key.length !== USUAL_BYTES)
      return [`${name(index)} has ${key.length} bytes, where Linq issues ${USUAL_BYTES}`];
    const first = keys.findIndex((other) => other.equals(key));
    return first < index ? [`secret ${index + 1} is the same as secret ${first + 1}`] : [];
  });
}
