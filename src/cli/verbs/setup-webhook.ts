import { randomBytes } from 'node:crypto';
import { SETTINGS } from '../../config/settings.ts';
import { findSetting } from '../../config/sources.ts';
import { ConfigError } from '../../errors.ts';
import type { LinqClient } from '../../linq/client.ts';
import { failureOf } from '../../setup/failure.ts';
import { addCardEvents, subscribe, unsubscribe, updateSubscription } from '../../setup/subscribe.ts';
import {
  decideSubscriptionPlan,
  ownSubscriptions,
  type Subscription,
  type SubscriptionPlan,
} from '../../setup/subscription-plan.ts';
import { holdSignals } from '../terminal/hold-signals.ts';
import { adopt, find, type Session, save, tellOutvoted, waitFor } from './setup-session.ts';
import { consent, faultsInWords } from './setup-webhook-words.ts';

const { webhookSecrets: SETTING, statusToken: TOKEN } = SETTINGS;

/**
 * Sees to it that one subscription leads to the service and that its secret is saved, and saves everything else that
 * was found out before; only then is anything changed at Linq.
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
  tellOutvoted(session, values);
  tellLeftovers(session, plan, subscriptions, webhookUrl);
}

/** @throws {ConfigError} for secrets in the environment that are none; those of the file are replaced */
function findSecrets({ file, talk }: Session): readonly string[] {
  const found = findSetting(SETTING, file.sources());
  if (found === null) return [];
  if ('mistake' in found) throw new ConfigError(`${SETTING.name}: ${found.mistake}.`);
  const parsed = SETTING.kind.parse(found.text);
  if ('value' in parsed) return parsed.value;
  if (found.origin !== '.env')
    throw new ConfigError(`${SETTING.name}: expected ${SETTING.kind.expects} (${parsed.wrong}).`);
  talk.note(`${SETTING.name} in ${file.path} holds no secret (${parsed.wrong}): it is left out of account.`);
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
    const change = isAdded ? 'The events of contact cards are added.' : 'Nothing to change.';
    talk.done(`Linq has it: active, with all events, payload version pinned. ${change}`);
    report.subscription = { action: 'kept', subscriptionId, targetUrl };
  } else {
    if (!isDry) await waitFor(session, updateSubscription({ linq }, subscriptionId, plan.change));
    const faults = faultsInWords(plan.faults);
    tell(session, `Corrected in place: ${faults}`, `correct: ${faults}`);
    report.subscription = {
      action: 'updated',
      subscriptionId,
      targetUrl: plan.change.targetUrl ?? targetUrl,
    };
  }
  if (plan.isAssumed && work.pastedSecret === null)
    talk.note(`${SETTING.name} is taken for its secret. If deliveries are rejected, run setup --recreate.`);
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
  tell(session, 'Created, with all events and the payload version pinned', `create one for ${targetUrl}`);
  if (!isDry) talk.done('Its signing secret is saved. Linq shows it only this once.');
  if (plan.kind === 'create') return;
  const left = isDry ? [] : await waitFor(session, unsubscribe({ linq }, plan.old));
  for (const one of left) {
    find(session, {
      code: 'subscription_left',
      message: `The old subscription ${one.subscriptionId} couldn't be deleted, so events come twice, which does no harm.`,
      remedy: 'Delete it in the Linq dashboard.',
    });
  }
  if (left.length === 0) tell(session, 'The old one is deleted', 'delete the old one after that');
}

/** Says what was done, or in a dry run what would be. */
function tell({ talk, options }: Session, did: string, would: string): void {
  if (options.dryRun === true) talk.note(`Would ${would}.`);
  else talk.done(`${did}.`);
}

/** Whoever wants to stop meanwhile waits until the secret is saved. @returns the id */
async function create(session: Session, linq: LinqClient, targetUrl: string, work: Work): Promise<string> {
  const { file, talk, report } = session;
  const saveSecret = (secret: string, subscriptionId: string) => {
    file.writeSecret(secret, subscriptionId, work.secrets);
    report.envFile.saved.push(SETTING.name);
    const all = [secret, ...work.secrets.filter((one) => one !== secret)].join(',');
    session.values[SETTING.name] = all;
  };
  const ports = { linq, saveSecret, tell: talk.note };
  const made = await holdSignals(
    () => waitFor(session, subscribe(ports, targetUrl, work.subscriptions)),
    () => talk.note('One moment: the signing secret is saved first.'),
  );
  return made.subscriptionId;
}

function tellLeftovers(
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
      message: `${own.length - 1} more of Linq's subscriptions lead here, so events come several times, which does no harm.`,
      remedy: 'Run setup --recreate: it leaves one of them.',
    });
  }
  if (others > 0)
    session.talk.note(`Subscriptions that lead elsewhere stay as they are: ${others} in this account.`);
}
