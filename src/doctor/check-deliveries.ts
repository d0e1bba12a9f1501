import { isLoopbackUrl } from '../config/network-kinds.ts';
import { WEBHOOK_PATH } from '../decide/subscription.ts';
import { readSecretNote } from '../setup/env-edit.ts';
import type { DoctorOptions, DoctorSettings, Report } from './check.ts';
import type { Running } from './check-service.ts';
import { type CheckId, type Finding, fine, skipped } from './finding.ts';
import { judgeCertificate, judgeConnection, judgeName } from './judge/address.ts';
import { type Answer, judgeLocalDelivery, readAnswer } from './judge/answer.ts';
import { judgeRoundTrip } from './judge/round-trip.ts';
import { judgeSecrets, type SecretNote } from './judge/subscriptions.ts';
import { exchange, trustBeside } from './look/http.ts';
import { placeOf, resolveName, shakeHands, tryConnection } from './look/network.ts';
import { createTestDelivery, type DeliveryForm, type TestDelivery } from './look/test-deliveries.ts';

/** Linq pins the payload version this way; a proxy must pass the query on as well. */
const QUERY = '?version=2026-02-03';

const PUBLIC_CHECKS = [
  'public_name',
  'public_connection',
  'public_certificate',
  'round_trip',
] as const satisfies readonly CheckId[];

/**
 * Checks whether deliveries signed like Linq's arrive: directly at the service, then through PUBLIC_URL.
 * @param own ids of the subscriptions that point here; null: unknown
 */
export async function checkDeliveries(
  report: Report,
  options: DoctorOptions,
  settings: DoctorSettings,
  { running, own }: { readonly running: Running | null; readonly own: readonly string[] | null },
): Promise<void> {
  const { secrets, wrong } = settings;
  const skip = (id: CheckId, reason: string) => report(id, async () => skipped(id, reason));
  await report('webhook_secret', async () =>
    judgeSecrets(secrets, (await running?.verdicts()) ?? null, findNote(options), own),
  );
  const [secret] = secrets;
  const reason = !options.isRoundTripWanted
    ? 'Turned off (--no-round-trip).'
    : secret === undefined
      ? 'LINQ_WEBHOOK_SECRET is missing or wrong.'
      : null;
  if (reason !== null || secret === undefined) {
    for (const id of ['local_delivery', ...PUBLIC_CHECKS] as const) await skip(id, reason ?? '');
    return;
  }
  const send = createSend(options);
  const plain = createTestDelivery('plain', secret, options.clock.systemNow());
  const local = await deliverLocally(report, running, (url) => send(url, plain));
  const { publicUrl } = settings;
  if (publicUrl === null) {
    const why = wrong.includes('PUBLIC_URL') ? 'PUBLIC_URL is wrong.' : 'PUBLIC_URL is not set.';
    for (const id of PUBLIC_CHECKS) await skip(id, why);
    return;
  }
  const isThere = await checkAddress(report, options, publicUrl, {
    isLinqHere: isLoopbackUrl(settings.baseUrl ?? ''),
    isService: running === null && isSamePlace(publicUrl, options.serviceUrl),
  });
  if (!isThere) {
    await skip('round_trip', 'No trusted connection to PUBLIC_URL.');
    return;
  }
  const make = (form: DeliveryForm) => createTestDelivery(form, secret, options.clock.systemNow());
  await report('round_trip', async () => goRound({ publicUrl, local, running, plain, make, send }));
}

/** The note that `setup` left in the settings file. */
function findNote({ envFilePath, sources }: DoctorOptions): SecretNote | null {
  if (envFilePath === null) return null;
  try {
    return readSecretNote(sources.readFile(envFilePath));
  } catch {
    return null; // there is none, or another check reports why it can't be read
  }
}

type Send = (url: string, delivery: TestDelivery) => Promise<Answer>;

function createSend({ clock, extraCa }: DoctorOptions): Send {
  const http = { clock, ca: trustBeside(extraCa) };
  return async (url, { headers, body }) =>
    readAnswer(await exchange({ method: 'POST', url: `${url}${QUERY}`, headers, body }, http), url);
}

async function deliverLocally(
  report: Report,
  running: Running | null,
  send: (url: string) => Promise<Answer>,
): Promise<Answer | null> {
  let answer: Answer | null = null;
  await report('local_delivery', async () => {
    if (running === null) return skipped('local_delivery', 'The service isn’t running here.');
    answer = await send(`${running.url}${WEBHOOK_PATH}`);
    return judgeLocalDelivery(answer, running.url);
  });
  return answer;
}

/** Checks name, connection and certificate in turn, until one fails. Resolves to whether all are right. */
async function checkAddress(
  report: Report,
  { clock, extraCa }: DoctorOptions,
  publicUrl: string,
  { isLinqHere, isService }: { readonly isLinqHere: boolean; readonly isService: boolean },
): Promise<boolean> {
  const place = placeOf(publicUrl);
  const { host, port, isTls } = place;
  let isRight = true;
  const step = async (id: CheckId, look: () => Promise<Finding>) => {
    const [finding] = await report(id, async () =>
      isRight ? await look() : skipped(id, 'The step above has to be right first.'),
    );
    isRight = isRight && (finding?.state === 'ok' || finding?.state === 'warning');
  };
  await step('public_name', async () => judgeName(host, await resolveName(host), isLinqHere));
  await step('public_connection', async () =>
    judgeConnection(host, port, await tryConnection(place), isService),
  );
  await step('public_certificate', async () => {
    if (!isTls) return fine('public_certificate', 'Not needed for http on this machine.');
    return judgeCertificate(host, await shakeHands(place, trustBeside(extraCa)), clock.systemNow());
  });
  return isRight;
}

/** Whether both are the same port of this machine, under whatever names. */
function isSamePlace(publicUrl: string, serviceUrl: string | null): boolean {
  if (serviceUrl === null || !isLoopbackUrl(publicUrl) || !isLoopbackUrl(serviceUrl)) return false;
  return placeOf(publicUrl).port === placeOf(serviceUrl).port;
}

interface Trip {
  readonly publicUrl: string;
  readonly local: Answer | null;
  readonly running: Running | null;
  readonly plain: TestDelivery;
  readonly make: (form: DeliveryForm) => TestDelivery;
  readonly send: Send;
}

/** Sends the plain delivery, as the service got it directly; if accepted, the odd one, then the large one. */
async function goRound({ publicUrl, local, running, plain, make, send }: Trip): Promise<Finding> {
  const before = (await running?.verdicts()) ?? null;
  const first = await send(publicUrl, plain);
  const after = first.kind === 'refused' ? ((await running?.verdicts()) ?? null) : null;
  const odd = first.kind === 'accepted' ? await send(publicUrl, make('odd')) : null;
  const large = odd?.kind === 'accepted' ? await send(publicUrl, make('large')) : null;
  const hasReachedUs = before === null || after === null ? null : after.mismatched > before.mismatched;
  return judgeRoundTrip(publicUrl, { plain: first, odd, large, local, hasReachedUs });
}
