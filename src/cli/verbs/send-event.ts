import { isUtf8 } from 'node:buffer';
import type { IncomingHttpHeaders } from 'node:http';
import { createSystemClock } from '../../clock.ts';
import { readSetting } from '../../config/load.ts';
import { isLoopbackUrl } from '../../config/network-kinds.ts';
import { SETTINGS } from '../../config/settings.ts';
import type { ReactorEvent } from '../../decide/event.ts';
import { WEBHOOK_PATH } from '../../decide/subscription.ts';
import { maskNumber } from '../../decide/text.ts';
import { type Answer, readAnswer } from '../../doctor/judge/answer.ts';
import { exchange } from '../../doctor/look/http.ts';
import { PayloadError, SignatureError, UnreachableError, UsageError } from '../../errors.ts';
import { quoteForShell, timeInWords } from '../../status/view/wording.ts';
import {
  MAX_BODY_BYTES,
  type Refusing,
  refusalByHeaders,
  TOO_LARGE,
  unauthorized,
} from '../../webhook/delivery-answers.ts';
import { dispositionOf, parseDelivery } from '../../webhook/parse.ts';
import { PROBE_EVENT_TYPE } from '../../webhook/probe.ts';
import { createVerifier } from '../../webhook/verify.ts';
import type { Surroundings } from '../call-service.ts';
import { EXIT, type ExitCode } from '../io.ts';
import { printableLines, printJson, screenOf } from '../terminal/screen.ts';
import { wrap } from '../terminal/table.ts';
import { locateService } from '../verb-settings.ts';
import { type EventFlags, readBytes, readSecrets, type SignedEvent, signEvent } from './signed-event.ts';

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
    throw new UsageError('This body isn’t text: put it into a file and give that, so that curl can send it.');
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
    'The signature headers didn’t arrive: something on the way drops them, or only legacy ones were sent and ACCEPT_LEGACY_SIGNATURES is false.',
  ],
  [
    'SIGNATURE_MALFORMED',
    'The signature headers arrived, but not as they were sent: something on the way changes or duplicates them.',
  ],
  [
    'SIGNATURE_MISMATCH',
    'The signature doesn’t match: the service has another LINQ_WEBHOOK_SECRET, or something on the way changed the body. `doctor` says which.',
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
  ['UNSUPPORTED_MEDIA_TYPE', 'It didn’t arrive as application/json.'],
  ['UNSUPPORTED_ENCODING', 'It arrived compressed: something on the way changes bodies.'],
  ['TOO_MANY_FAILURES', 'Too many deliveries from this address failed verification; wait a minute.'],
  ['RATE_LIMITED', 'More deliveries in a minute than WEBHOOK_RATE_LIMIT allows; wait a minute.'],
  ['NOT_STORED', 'The service can’t store it now (see `status`); Linq would redeliver it.'],
  ['OVERLOADED', 'The service has too many deliveries at once; Linq would redeliver it.'],
  ['SHUTTING_DOWN', 'The service is shutting down; Linq would redeliver it.'],
]);

/** @param httpStatus of the response @param answer the parsed response */
export function meaningOf(httpStatus: number, answer: Answer): string {
  if (answer.kind === 'accepted') return 'Accepted and verified; the service stores nothing from a probe.';
  if (answer.kind === 'refused') return REFUSALS.get(answer.code) ?? answer.code;
  if (answer.kind === 'redirect')
    return `A redirect to ${answer.target}, which Linq doesn’t follow: the delivery would be lost.`;
  if (answer.kind === 'wrong_path')
    return `A contact-card-reactor, but not its webhook route: is the path ${WEBHOOK_PATH}?`;
  if (httpStatus === 204) return 'Accepted: stored or ignored.';
  if (httpStatus === 202)
    return 'Authentic, but this version can’t read or store it: it is in quarantine (`quarantine list` shows why).';
  return 'This isn’t contact-card-reactor’s answer: something else answers there.';
}

export interface VerifyFlags {
  readonly header?: readonly string[];
  readonly headers?: string;
  readonly secretFile?: string;
  readonly json?: boolean;
}

/** Checks a delivery by the service's own steps, and prints the result. @throws {UsageError} @throws {ConfigError} */
export function verifyEvent(
  file: string | undefined,
  flags: VerifyFlags,
  { io, sources }: Surroundings,
  now = createSystemClock().systemNow(),
): ExitCode {
  const rawHeaders = [
    ...(flags.headers === undefined ? [] : readHeaderFile(flags.headers, sources)),
    ...(flags.header ?? []).flatMap((header) => parseHeader(header, 'One of --header isn’t.')),
  ];
  if (rawHeaders.length === 0)
    throw new UsageError(
      'Give the headers of the delivery: each with --header, or all in a file with --headers.',
    );
  const verify = createVerifier({
    secrets: readSecrets(flags, sources),
    toleranceMs: readSetting(SETTINGS.webhook.toleranceMs, sources) ?? 0,
    acceptLegacySignatures: readSetting(SETTINGS.webhook.acceptLegacySignatures, sources) ?? false,
  });
  const body = readBytes(file, 'Name the file with the body, or - for standard input.');
  const headers = joined(rawHeaders);
  const refusing =
    refusalByHeaders(headers) ??
    (body.length > MAX_BODY_BYTES ? TOO_LARGE : null) ??
    refusalBySignature(() => verify(body, headers, rawHeaders, now));
  const hint =
    refusing === null
      ? null
      : hintOn(refusing, headers, body, (changed) => {
          const still = refusalBySignature(() => verify(changed, headers, rawHeaders, now));
          return still === null || still.code === 'SIGNATURE_STALE';
        });
  const reading = readingOf(body, readSetting(SETTINGS.showNumbers, sources) ?? false);
  const isTrusted = refusing === null || refusing.code === 'SIGNATURE_STALE';
  const answer =
    refusing === null
      ? { accepted: true, httpStatus: reading.httpStatus, code: null, message: null }
      : {
          accepted: false,
          httpStatus: refusing.statusCode,
          code: refusing.code,
          message: hint === null ? refusing.message : `${refusing.message} ${hint}`,
        };
  const { eventType, words } = isTrusted ? reading : { eventType: null, words: null };
  if (flags.json === true) printJson({ ...answer, eventType, reading: words }, io);
  else {
    const { width } = screenOf(io);
    const verdict = refusing === null ? 'Accepted' : `Refused: ${refusing.code}. ${answer.message}`;
    const read = words === null ? [] : [`Read as ${eventType ?? 'no known type'}: ${words}`];
    const text = [`HTTP ${answer.httpStatus}. ${verdict}`, ...read].map((line) => `${wrap(line, width)}\n`);
    io.write(String(printableLines(text.join(''))));
  }
  return answer.httpStatus === 204 ? EXIT.fine : EXIT.failed;
}

function refusalBySignature(verify: () => unknown) {
  try {
    verify();
    return null;
  } catch (error) {
    if (!(error instanceof SignatureError)) throw error;
    return unauthorized(error.fault, error.message);
  }
}

function readHeaderFile(path: string, { readFile }: Surroundings['sources']): readonly string[] {
  let text: string;
  try {
    text = readFile(path);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable';
    throw new UsageError(`--headers: ${path} can’t be read (${code}).`, { cause: error });
  }
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/);
  const first = lines.findIndex((line) => line !== '');
  if (first === -1) return [];
  const end = lines.indexOf('', first); // what follows an empty line is a body
  return lines.slice(first, end === -1 ? undefined : end).flatMap((line, at) => {
    if (at === 0 && /^[A-Z]+ \S+ HTTP\/|^HTTP\//.test(line)) return []; // the first line of a request
    return parseHeader(line, `Line ${first + at + 1} of ${path} isn’t; it must be UTF-8 text.`);
  });
}

/** The name and the value. @throws {UsageError} which doesn't repeat a value */
function parseHeader(line: string, where: string): readonly string[] {
  const [, name, value] = /^([\w!#$%&'*+.^`|~-]+):[ \t]*(.*?)[ \t]*$/.exec(line) ?? [];
  if (name === undefined || value === undefined)
    throw new UsageError(`A header must be "name: value", for example "webhook-id: 2f1c…". ${where}`);
  return [name, value];
}

/** What is probably wrong with the file or the headers given; null: nothing that shows. */
function hintOn(
  { code }: Refusing,
  headers: IncomingHttpHeaders,
  body: Buffer,
  isSigned: (changed: Buffer) => boolean,
): string | null {
  if (code === 'UNSUPPORTED_MEDIA_TYPE' && headers['content-type'] === undefined)
    return 'No Content-Type is among the headers given; Linq sends one.';
  if (code !== 'SIGNATURE_MISMATCH') return null;
  const undone = UNDOING.map((names) => {
    const changes = FILE_CHANGES.filter((_, at) => names.includes(at));
    return { changes, body: changes.reduce((text, { undo }) => undo(text), body.toString('latin1')) };
  }).find((one) => isSigned(Buffer.from(one.body, 'latin1')));
  if (undone !== undefined)
    return `It matches without ${undone.changes.map(({ name }) => name).join(' and ')}, which the file has and the body as it was sent had not.`;
  const length = headers['content-length'];
  return length === undefined || Number(length) === body.length
    ? 'The file must have the body byte for byte, as it was received.'
    : `The file has ${body.length} bytes, and the body had ${length} (Content-Length): it isn’t as it was received.`;
}

/** What editors and shells do to a body that is saved in a file, byte by byte. */
const FILE_CHANGES: readonly { readonly name: string; readonly undo: (body: string) => string }[] = [
  { name: 'the line break at the end', undo: (body) => body.replace(/\r?\n$/, '') },
  { name: 'the byte order mark', undo: (body) => body.replace(/^\xef\xbb\xbf/, '') },
  { name: 'Windows’ line ends', undo: (body) => body.replaceAll('\r\n', '\n') },
];
/** Which of them to undo together, the fewest first. */
const UNDOING: readonly (readonly number[])[] = [[0], [1], [2], [0, 1], [0, 2], [1, 2], [0, 1, 2]];

/** As Node has them: by lower-case name, repeated ones joined. */
function joined(rawHeaders: readonly string[]): IncomingHttpHeaders {
  const headers: Record<string, string> = {};
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = (rawHeaders[i] ?? '').toLowerCase();
    const before = headers[name];
    headers[name] = before === undefined ? (rawHeaders[i + 1] ?? '') : `${before}, ${rawHeaders[i + 1]}`;
  }
  return headers;
}

/** What the service would read, in words; 202: it would quarantine the delivery. */
function readingOf(body: Buffer, showNumbers: boolean) {
  try {
    const parsed = parseDelivery(body);
    const { eventType } = parsed;
    if (eventType === PROBE_EVENT_TYPE)
      return { httpStatus: 204, eventType, words: 'a probe, which leaves no trace.' };
    const words =
      parsed.kind === 'ignored'
        ? `ignored: ${parsed.reason}.`
        : `${eventInWords(parsed.event, showNumbers)}.`;
    return { httpStatus: 204, eventType, words };
  } catch (error) {
    if (!(error instanceof PayloadError)) throw error;
    return { httpStatus: 202, eventType: error.eventType, words: `quarantined: ${error.message}.` };
  }
}

function eventInWords(event: ReactorEvent, showNumbers: boolean): string {
  const lineIn = (line: string | null) =>
    line === null ? 'an unknown line' : `line ${showNumbers ? line : maskNumber(line)}`;
  if (event.kind === 'line') {
    const parts = [event.status, event.reputation].filter((part) => part !== null);
    return `${lineIn(event.line)} is ${parts.join(', ')} since ${timeInWords(event.at)}`;
  }
  if (event.kind === 'card') return `the card of ${lineIn(event.line)} changed`;
  const { outbound, inbound, health, leftAt, joinedAt, member } = event;
  const since = (what: string, at: number | null) => (at === null ? [] : [`${what} at ${timeInWords(at)}`]);
  const parts = [
    ...(outbound === null
      ? []
      : since(`${outbound.service ?? 'a message'} sent from ${lineIn(outbound.line)}`, outbound.at)),
    ...(inbound === null
      ? []
      : since(
          inbound.isOptOut === true ? 'a message received that opts out' : 'a message received',
          inbound.at,
        )),
    ...(health === null ? [] : since(`health ${health.status}`, health.at)),
    ...since('your line left', leftAt),
    ...since('your line joined', joinedAt),
    ...(member === undefined ? [] : ['someone left or was added']),
  ];
  return `chat ${event.chatId}: ${parts.join('; ')}`;
}
