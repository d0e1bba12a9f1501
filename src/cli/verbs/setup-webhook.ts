import { randomBytes } from 'node:crypto';
import { SETTINGS } from '../../config/settings.ts';
import { findSetting } from '../../config/sources.ts';
import type { Subscription } from '../../decide/linq-api.ts';
import { ConfigError, SetupError } from '../../errors.ts';
import type { LinqClient } from '../../linq/client.ts';
import { failureOf } from '../../setup/failure.ts';
import { addCardEvents, subscribe, unsubscribe, updateSubscription } from '../../setup/subscribe.ts';
import {
  decideSubscriptionPlan,
  ownSubscriptions,
  type SubscriptionFault,
  type SubscriptionPlan,
} from '../../setup/subscription-plan.ts';
import { adopt, confirm, find, reportOverridden, type Session, save, waitFor } from './setup-session.ts';

const SETTING = SETTINGS.webhook.secrets;
const TOKEN = SETTINGS.statusToken;

/**
 * Ensures that exactly one subscription points to the service and its secret is saved. Saves all earlier
 * results first; only then changes anything at Linq.
 * @throws {ReactorError}
 */
export async function setUpWebhook(
  session: Session,
  linq: LinqClient,
  { webhookUrl, lines }: { readonly webhookUrl: string; readonly lines: readonly string[] },
): Promise<void> {
  const { talk, options, file, values } = session;
  talk.step(4, 'Webhook subscription');
  const listed = await waitFor(session, linq.subscriptions());
  if (listed.kind === 'failed') throw failureOf('read the webhook subscriptions', listed.answer);
  const { subscriptions } = listed;
  const decide = (secrets: readonly string[]) =>
    decideSubscriptionPlan({
      subscriptions,
      webhookUrl,
      lines,
      hasSecret: secrets.length > 0,
      secretOf: secrets[0] === undefined ? null : file.ownerOf(secrets[0]),
      isRecreateWanted: options.recreate === true,
    });
  const secrets = findSecrets(session);
  adopt(session, SETTING);
  const agreed = await consent(session, decide(secrets), ownSubscriptions(subscriptions, webhookUrl).length);
  const known = agreed.pastedSecret === null ? secrets : [agreed.pastedSecret, ...secrets];
  const plan = agreed.pastedSecret === null ? agreed.plan : decide(known);
  addToken(session);
  save(session, plan.kind === 'create' || plan.kind === 'recreate');
  await perform(session, linq, { plan, subscriptions, secrets, pastedSecret: agreed.pastedSecret });
  reportOverridden(session, values);
  reportLeftovers(session, plan, subscriptions, webhookUrl);
}

/** @throws {ConfigError} for malformed secrets in the environment; those in the file are replaced */
function findSecrets({ file, talk }: Session): readonly string[] {
  const found = findSetting(SETTING, file.sources());
  if (found === null) return [];
  if ('mistake' in found) throw new ConfigError(`${SETTING.name}: ${found.mistake}.`);
  const parsed = SETTING.kind.parse(found.text);
  if ('value' in parsed) return parsed.value;
  if (found.origin !== '.env')
    throw new ConfigError(`${SETTING.name}: expected ${SETTING.kind.expects} (${parsed.wrong}).`);
  talk.note(`${SETTING.name} in ${file.path} holds no valid secret (${parsed.wrong}): ignored.`);
  return [];
}

const TOKEN_BYTES = 32;

function addToken({ file, values, report, options }: Session): void {
  const isThere = findSetting(TOKEN, file.sources()) !== null;
  report.statusToken = isThere ? 'kept' : 'generated';
  if (!isThere)
    values[TOKEN.name] = options.dryRun === true ? '…' : randomBytes(TOKEN_BYTES).toString('base64url');
}

interface Work {
  readonly plan: SubscriptionPlan;
  readonly subscriptions: readonly Subscription[];
  readonly secrets: readonly string[];
  readonly pastedSecret: string | null;
}

function perform(session: Session, linq: LinqClient, work: Work): Promise<void> {
  const { plan } = work;
  return plan.kind === 'keep' || plan.kind === 'update'
    ? keep(session, linq, plan, work)
    : renew(session, linq, plan, work);
}

type Keeping = Extract<SubscriptionPlan, { kind: 'keep' | 'update' }>;

async function keep(session: Session, linq: LinqClient, plan: Keeping, work: Work): Promise<void> {
  const { talk, report, options, file } = session;
  const { subscriptionId, targetUrl } = plan.subscription;
  const isDry = options.dryRun === true;
  if (work.pastedSecret !== null && !isDry) {
    file.writeSecret(work.pastedSecret, subscriptionId, work.secrets);
    report.envFile.saved.push(SETTING.name);
  }
  if (plan.kind === 'keep') {
    const isAdded = !isDry && (await waitFor(session, addCardEvents({ linq }, plan.subscription)));
    const change = isAdded ? 'Added the contact-card events.' : 'Nothing to change.';
    talk.done(`Linq has it: active, with all events and a pinned payload version. ${change}`);
    report.subscription = { action: 'kept', subscriptionId, targetUrl };
  } else {
    if (!isDry) await waitFor(session, updateSubscription({ linq }, subscriptionId, plan.change));
    const faults = faultsInWords(plan.faults);
    announce(session, `Corrected in place: ${faults}`, `correct: ${faults}`);
    report.subscription = {
      action: 'updated',
      subscriptionId,
      targetUrl: plan.change.targetUrl ?? targetUrl,
    };
  }
  if (plan.isAssumed && work.pastedSecret === null)
    talk.note(
      `${SETTING.name} is assumed to be its secret. If deliveries are rejected, run setup --recreate.`,
    );
}

type Renewing = Exclude<SubscriptionPlan, Keeping>;

async function renew(session: Session, linq: LinqClient, plan: Renewing, work: Work): Promise<void> {
  const { talk, report, options } = session;
  const isDry = options.dryRun === true;
  const { targetUrl } = plan;
  const subscriptionId = isDry ? null : await create(session, linq, targetUrl, work);
  report.subscription = {
    action: plan.kind === 'create' ? 'created' : 'recreated',
    subscriptionId,
    targetUrl,
  };
  announce(session, 'Created, with all events and a pinned payload version', `create one for ${targetUrl}`);
  if (!isDry) talk.done('Its signing secret is saved. Linq shows it only once.');
  if (plan.kind === 'create') return;
  const left = isDry ? [] : await waitFor(session, unsubscribe({ linq }, plan.old));
  for (const one of left) {
    find(session, {
      code: 'subscription_left',
      message: `The old subscription ${one.subscriptionId} couldn’t be deleted, so events arrive twice, which is harmless.`,
      remedy: 'Delete it in the Linq dashboard.',
    });
  }
  if (left.length === 0) announce(session, 'The old one is deleted', 'delete the old one after that');
}

/** Reports what was done or, in a dry run, what would be. */
function announce({ talk, options }: Session, did: string, would: string): void {
  if (options.dryRun === true) talk.note(`Would ${would}.`);
  else talk.done(`${did}.`);
}

/** Delays stop signals until the secret is saved. @returns the id */
async function create(session: Session, linq: LinqClient, targetUrl: string, work: Work): Promise<string> {
  const { file, talk, report } = session;
  const saveSecret = (secret: string, subscriptionId: string) => {
    file.writeSecret(secret, subscriptionId, work.secrets);
    report.envFile.saved.push(SETTING.name);
    const all = [secret, ...work.secrets.filter((one) => one !== secret)].join(',');
    session.values[SETTING.name] = all;
  };
  const ports = { linq, saveSecret, notify: talk.note };
  const made = await holdSignals(
    () => waitFor(session, subscribe(ports, targetUrl, work.subscriptions)),
    () => talk.note('One moment: saving the signing secret first.'),
  );
  return made.subscriptionId;
}

function reportLeftovers(
  session: Session,
  plan: SubscriptionPlan,
  subscriptions: readonly Subscription[],
  webhookUrl: string,
): void {
  const own = ownSubscriptions(subscriptions, webhookUrl);
  const others = subscriptions.length - own.length;
  if ((plan.kind === 'keep' || plan.kind === 'update') && own.length > 1) {
    find(session, {
      code: 'subscription_duplicate',
      message: `${own.length} subscriptions point here, so events arrive several times, which is harmless.`,
      remedy: 'Run setup --recreate: it leaves only one.',
    });
  }
  if (others > 0)
    session.talk.note(`Subscriptions that point elsewhere are left alone: ${others} on this account.`);
}

const FAULTS: Readonly<Record<SubscriptionFault, string>> = {
  inactive: 'it is inactive',
  events: 'it lacks events',
  version: 'its payload version isn’t pinned',
  lines: 'it leaves out lines',
};

const faultsInWords = (faults: readonly SubscriptionFault[]): string =>
  faults.map((fault) => FAULTS[fault]).join(', ');

interface Consent {
  readonly plan: SubscriptionPlan;
  /** The existing subscription's secret, pasted at the terminal; else null. */
  readonly pastedSecret: string | null;
}

/**
 * Announces the plan, and asks before changing anything that exists.
 * @param own how many subscriptions point here
 * @throws {SetupError} without permission; nothing was changed then
 */
async function consent(session: Session, plan: SubscriptionPlan, own: number): Promise<Consent> {
  const { talk, options, prompter } = session;
  const asIs = { plan, pastedSecret: null };
  if (plan.kind === 'keep') return asIs;
  if (plan.kind === 'create') {
    talk.note('Linq has none for this service.');
    return asIs;
  }
  if (plan.kind === 'update') {
    talk.note(`Linq has one that points here, but ${faultsInWords(plan.faults)}.`);
    const isFree = options.yes === true || options.dryRun === true;
    if (isFree || (prompter !== null && (await confirm(session, 'Correct that?', true)))) return asIs;
    throw new SetupError(
      `The webhook subscription is wrong: ${faultsInWords(plan.faults)}. Nothing was changed. Run setup with --yes to correct it in place, or with --recreate to replace it.`,
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
    own === 1 ? `a subscription that points here${but}` : `${own} subscriptions that point here${but}`;
  if (plan.why === 'wanted') {
    talk.note(`Linq has ${what}; --recreate replaces ${own === 1 ? 'it' : 'them'} with a new one.`);
    return asIs;
  }
  talk.note(`Linq has ${what}, but its signing secret isn’t known here, and Linq shows it only once.`);
  if (prompter !== null && options.yes !== true) {
    const pastedSecret = own === 1 ? await askForSecret(session) : null;
    if (pastedSecret !== null) return { plan, pastedSecret };
    talk.note('It can be replaced: setup creates a new one, saves its secret, and then deletes the old one.');
    if (await confirm(session, 'Replace it?', false)) return asIs;
  }
  throw new SetupError(
    `Linq has ${what}, and its signing secret isn’t known here. Nothing was changed. If you have the secret, set LINQ_WEBHOOK_SECRET and run setup again; otherwise run setup with --recreate to replace it.`,
  );
}

async function askForSecret({ prompter, talk }: Session): Promise<string | null> {
  const { kind } = SETTINGS.webhook.secrets;
  for (;;) {
    const text = (await prompter?.askHidden('  Its secret, if you kept it (hidden): ')) ?? '';
    if (text === '') return null;
    const parsed = kind.parse(text);
    const [secret, ...more] = 'value' in parsed ? parsed.value : [];
    if (secret !== undefined && more.length === 0) return secret;
    talk.warn('That isn’t a signing secret (whsec_…). Press Enter to continue without it.');
  }
}

const STOPPING: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/**
 * Runs work that must not be interrupted: stop signals wait until it is done.
 * @param onHeld called once, on the first such signal
 */
async function holdSignals<T>(work: () => Promise<T>, onHeld: () => void): Promise<T> {
  const held: NodeJS.Signals[] = [];
  const hold = (signal: NodeJS.Signals) => {
    if (held.length === 0) onHeld();
    held.push(signal);
  };
  for (const signal of STOPPING) process.on(signal, hold);
  try {
    return await work();
  } finally {
    for (const signal of STOPPING) process.off(signal, hold);
    if (held[0] !== undefined) process.kill(process.pid, held[0]);
  }
}
