import { SETTINGS } from '../../config/settings.ts';
import { SetupError } from '../../errors.ts';
import type { SubscriptionFault, SubscriptionPlan } from '../../setup/subscription-plan.ts';
import { confirm, type Session } from './setup-session.ts';

const FAULTS: Readonly<Record<SubscriptionFault, string>> = {
  inactive: 'it is inactive',
  events: 'it lacks events',
  version: 'its payload version isn’t pinned',
  lines: 'it leaves out lines',
};

export const faultsInWords = (faults: readonly SubscriptionFault[]): string =>
  faults.map((fault) => FAULTS[fault]).join(', ');

export interface Consent {
  readonly plan: SubscriptionPlan;
  /** The secret of the subscription that is there, as whoever sits at the terminal kept it; else null. */
  readonly pastedSecret: string | null;
}

/**
 * Tells what is to be done, and asks where it touches what is there.
 * @param own how many subscriptions lead here
 * @throws {SetupError} when it may not be done; nothing was changed then
 */
export async function consent(session: Session, plan: SubscriptionPlan, own: number): Promise<Consent> {
  const { talk, options, prompter } = session;
  const asIs = { plan, pastedSecret: null };
  if (plan.kind === 'keep') return asIs;
  if (plan.kind === 'create') {
    talk.note('Linq has none that leads here.');
    return asIs;
  }
  if (plan.kind === 'update') {
    talk.note(`Linq has one that leads here, but ${faultsInWords(plan.faults)}.`);
    const isFree = options.yes === true || options.dryRun === true;
    if (isFree || (prompter !== null && (await confirm(session, 'Correct that?', true)))) return asIs;
    throw new SetupError(
      `The webhook subscription is not as it has to be: ${faultsInWords(plan.faults)}. Nothing was changed. Run setup with --yes to correct it in place, or with --recreate to put a new one in its place.`,
    );
  }
  return consentToRecreate(session, plan, own);
}

async function consentToRecreate(
  session: Session,
  plan: Extract<SubscriptionPlan, { kind: 'recreate' }>,
  own: number,
): Promise<Consent> {
  const { talk, prompter, options } = session;
  const asIs = { plan, pastedSecret: null };
  const but = plan.faults.length === 0 ? '' : ` (${faultsInWords(plan.faults)})`;
  const what =
    own === 1 ? `a subscription that leads here${but}` : `${own} subscriptions that lead here${but}`;
  if (plan.why === 'wanted') {
    talk.note(`Linq has ${what}; a new one takes its place, as --recreate wants it.`);
    return asIs;
  }
  talk.note(`Linq has ${what}, but its signing secret isn't known here, and Linq shows it only once.`);
  if (prompter !== null && options.yes !== true) {
    const pastedSecret = own === 1 ? await askForSecret(session) : null;
    if (pastedSecret !== null) return { plan, pastedSecret };
    talk.note(
      'A new one can take its place: first it is created and its secret saved, then the old one is deleted.',
    );
    if (await confirm(session, 'Put a new one in its place?', false)) return asIs;
  }
  throw new SetupError(
    `Linq has ${what}, and its signing secret isn't known here. Nothing was changed. If you have the secret, set LINQ_WEBHOOK_SECRET and run setup again; otherwise run setup with --recreate to put a new one in its place.`,
  );
}

async function askForSecret({ prompter, talk }: Session): Promise<string | null> {
  const { kind } = SETTINGS.webhookSecrets;
  for (;;) {
    const text = (await prompter?.askHidden('  Its secret, if you kept it (hidden): ')) ?? '';
    if (text === '') return null;
    const parsed = kind.parse(text);
    const [secret, ...more] = 'value' in parsed ? parsed.value : [];
    if (secret !== undefined && more.length === 0) return secret;
    talk.warn('That is no signing secret: it begins with whsec_. Enter alone goes on without it.');
  }
}
