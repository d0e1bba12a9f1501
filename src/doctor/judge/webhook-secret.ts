import { type Finding, fine, found, skipped } from '../finding.ts';

/** How the running service judged deliveries since its start. */
export interface SeenVerdicts {
  /** Authentic, whatever became of them. */
  readonly authentic: number;
  readonly mismatched: number;
}

/** What Linq issues. */
const USUAL_BYTES = 32;
/** So many refused deliveries without one that was authentic are no scanner. */
const TELLING = 3;

/**
 * Whether the secrets can be those of the subscription. Linq shows a secret only once, so nobody can compare it; what
 * the service made of Linq's deliveries tells most.
 * @param verdicts null: unknown
 */
export function judgeSecrets(secrets: readonly string[], verdicts: SeenVerdicts | null): readonly Finding[] {
  if (verdicts !== null && verdicts.authentic === 0 && verdicts.mismatched >= TELLING) {
    return [
      found(
        'secret_wrong',
        `Since its start the service refused ${verdicts.mismatched} deliveries whose signature doesn't match, and took none: LINQ_WEBHOOK_SECRET isn't the secret of the webhook subscription.`,
        'Run `contact-card-reactor setup` and let it recreate the subscription: Linq shows a signing secret only when the subscription is created. Then restart the service.',
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
        'Compare it with the signing_secret that Linq showed when the subscription was created. If that is lost, run `contact-card-reactor setup` and let it recreate the subscription.',
        { oddities },
      ),
    ];
  }
  if (secrets.length === 0) return [skipped('webhook_secret', "LINQ_WEBHOOK_SECRET can't be used.")];
  const proven = (verdicts?.authentic ?? 0) > 0 ? ' and has signed deliveries that the service took' : '';
  const what = secrets.length === 1 ? 'It has' : `Each of the ${secrets.length} has`;
  return [fine('webhook_secret', `${what} the form that Linq issues${proven}.`, { count: secrets.length })];
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
