import { isUtf8 } from 'node:buffer';
import { createSystemClock } from '../../clock.ts';
import { readSetting } from '../../config/load.ts';
import { isLoopbackUrl } from '../../config/network-kinds.ts';
import { SETTINGS } from '../../config/settings.ts';
import { WEBHOOK_PATH } from '../../decide/subscription.ts';
import { type Answer, readAnswer } from '../../doctor/judge/answer.ts';
import { exchange } from '../../doctor/look/http.ts';
import { UnreachableError, UsageError } from '../../errors.ts';
import { quoteForShell } from '../../status/view/wording.ts';
import { dispositionOf } from '../../webhook/parse.ts';
import type { Surroundings } from '../call-service.ts';
import { EXIT, type ExitCode } from '../io.ts';
import { printJson, screenOf } from '../terminal/screen.ts';
import { wrap } from '../terminal/table.ts';
import { locateService } from '../verb-settings.ts';
import { type EventFlags, type SignedEvent, signEvent } from './signed-event.ts';

/** Prints the headers and, for an example, the body; or a curl command that sends both. */
export function printSigned(
  file: string | undefined,
  flags: EventFlags & { readonly curl?: boolean; readonly to?: string },
  { io, sources }: Surroundings,
): ExitCode {
  const signed = signEvent(file, flags, sources, createSystemClock());
  const { headers, body, eventType } = signed;
  if (flags.json === true) printJson({ eventType, headers, body: textOf(body) }, io);
  else if (flags.curl === true) {
    io.write(`${curlOf(signed, file, targetOf(flags.to, { io, sources }))}\n`);
  } else {
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\n`);
    io.write(`${lines.join('')}${flags.example === undefined ? '' : `\n${body.toString('utf8')}\n`}`);
  }
  return EXIT.fine;
}

/** Null: not text, so JSON can't carry it unchanged. */
const textOf = (body: Buffer) => (isUtf8(body) ? body.toString('utf8') : null);

function curlOf({ headers, body }: SignedEvent, file: string | undefined, url: string): string {
  const isFile = file !== undefined && file !== '-';
  if (!isFile && (!isUtf8(body) || body.includes(0)))
    throw new UsageError("This body isn't text: put it into a file and give that, so that curl can send it.");
  // curl reads inline data with a leading @ as a file name
  const data = isFile
    ? `--data-binary ${quoteForShell(`@${file}`)}`
    : `--data-raw ${quoteForShell(body.toString('utf8'))}`;
  const parts = Object.entries(headers).map(([name, value]) => `-H ${quoteForShell(`${name}: ${value}`)}`);
  return [`curl -sS -i -X POST ${quoteForShell(url)}`, ...parts, data].join(' \\\n  ');
}

/** @throws {ConfigError} @throws {UsageError} */
function targetOf(to: string | undefined, { sources }: Surroundings): string {
  if (to !== undefined && (!/^https?:\/\//i.test(to) || !URL.canParse(to)))
    throw new UsageError('--to must be an address, for example http://127.0.0.1:8080');
  const url = locateService(sources, to ?? null);
  return `${url}${url.endsWith(WEBHOOK_PATH) ? '' : WEBHOOK_PATH}?version=2026-02-03`;
}

/**
 * Sends the event and reports the response. Resolves to whether it was accepted.
 * @throws {UsageError} when it would have unrequested effects @throws {UnreachableError}
 */
export async function sendEvent(
  file: string | undefined,
  flags: EventFlags & { readonly to?: string; readonly yes?: boolean },
  surroundings: Surroundings,
): Promise<boolean> {
  const { io, sources } = surroundings;
  const clock = createSystemClock();
  const url = targetOf(flags.to, surroundings);
  const signed = signEvent(file, flags, sources, clock);
  if (flags.yes !== true) refuseEffects(signed.eventType, url, surroundings);
  const { headers, body } = signed;
  const came = await exchange({ method: 'POST', url, headers, body }, { clock, ca: null });
  if (came.kind === 'failed')
    throw new UnreachableError(
      `Nothing answers at ${url} (${came.cause}): is the service running, and the address right?`,
    );
  const { httpStatus } = came;
  const answer = readAnswer(came, url);
  const meaning = meaningOf(httpStatus, answer);
  const code = answer.kind === 'refused' ? answer.code : null;
  const { eventType } = signed;
  if (flags.json === true) printJson({ url, eventType, httpStatus, code, meaning }, io);
  else io.write(`${wrap(`HTTP ${httpStatus}: ${meaning}`, screenOf(io).width)}\n`);
  return httpStatus === 204;
}

/** An event that leaves facts is processed for real: with a real account, a card may be shared. */
function refuseEffects(eventType: string, url: string, { sources }: Surroundings): void {
  const publicUrl = readSetting(SETTINGS.publicUrl, sources);
  const isOwn = isLoopbackUrl(url) || (publicUrl !== null && url.startsWith(`${publicUrl}?`));
  if (!isOwn) {
    throw new UsageError(
      `${new URL(url).host} is neither this machine nor PUBLIC_URL: anyone who receives a signed event can replay it for some minutes. Add --yes to send it anyway.`,
    );
  }
  const isSimulated = isLoopbackUrl(readSetting(SETTINGS.linq.baseUrl, sources) ?? '');
  if ('read' in dispositionOf(eventType) && !isSimulated) {
    throw new UsageError(
      `The service would treat this ${eventType} as real: it records the chat and may call Linq. Add --yes to send it anyway, send --example probe, which leaves no trace, or try it against \`simulate\`.`,
    );
  }
}

/** What a response to a delivery means, and what to do about it. */
const REFUSALS: ReadonlyMap<string, string> = new Map([
  [
    'SIGNATURE_MISSING',
    "The signature headers didn't arrive: something on the way drops them, or only legacy ones were sent and ACCEPT_LEGACY_SIGNATURES is false.",
  ],
  [
    'SIGNATURE_MALFORMED',
    'The signature headers arrived, but not as they were sent: something on the way changes or duplicates them.',
  ],
  [
    'SIGNATURE_MISMATCH',
    "The signature doesn't match: the service has another LINQ_WEBHOOK_SECRET, or something on the way changed the body. `doctor` says which.",
  ],
  [
    'SIGNATURE_STALE',
    'Correctly signed, but older or newer than WEBHOOK_TOLERANCE allows: a clock is wrong, or --timestamp is.',
  ],
  [
    'CLOCK_SUSPECT',
    'Correctly signed, but the clock of the service seems to be wrong; Linq would redeliver it.',
  ],
  ['BODY_TOO_LARGE', 'The body is over 1 MiB.'],
  ['UNSUPPORTED_MEDIA_TYPE', "It didn't arrive as application/json."],
  ['UNSUPPORTED_ENCODING', 'It arrived compressed: something on the way changes bodies.'],
  ['TOO_MANY_FAILURES', 'Too many deliveries from this address failed verification; wait a minute.'],
  ['RATE_LIMITED', 'More deliveries in a minute than WEBHOOK_RATE_LIMIT allows; wait a minute.'],
  ['NOT_STORED', "The service can't store it now (see `status`); Linq would redeliver it."],
  ['OVERLOADED', 'The service has too many deliveries at once; Linq would redeliver it.'],
  ['SHUTTING_DOWN', 'The service is shutting down; Linq would redeliver it.'],
]);

/** @param httpStatus of the response @param answer the parsed response */
export function meaningOf(httpStatus: number, answer: Answer): string {
  if (answer.kind === 'accepted') return 'Accepted and verified; the service stores nothing from a probe.';
  if (answer.kind === 'refused') return REFUSALS.get(answer.code) ?? answer.code;
  if (answer.kind === 'redirect')
    return `A redirect to ${answer.target}, which Linq doesn't follow: the delivery would be lost.`;
  if (answer.kind === 'wrong_path')
    return `A contact-card-reactor, but not its webhook route: is the path ${WEBHOOK_PATH}?`;
  if (httpStatus === 204) return 'Accepted: stored or ignored.';
  if (httpStatus === 202)
    return "Authentic, but this version can't read or store it: it is in quarantine (`quarantine list` shows why).";
  return "This isn't contact-card-reactor's answer: something else answers there.";
}
