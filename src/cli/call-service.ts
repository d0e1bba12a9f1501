import type { ClientRequest, IncomingMessage } from 'node:http';
import type { Static, TSchema } from 'typebox';
import { isLoopbackUrl } from '../config/network-kinds.ts';
import type { Sources } from '../config/sources.ts';
import { SECOND } from '../decide/time.ts';
import { UnreachableError } from '../errors.ts';
import { EXIT, type ExitCode, type Io } from './io.ts';
import { printable, printJson, type Screen, screenOf } from './terminal/screen.ts';
import { findToken, isSqlite, locateService } from './verb-settings.ts';

type Schemas = typeof import('../status/view/schemas.ts');

/** A response schema, by the name under which the API exports it. */
export type AnswerName = {
  [N in keyof Schemas]: Schemas[N] extends TSchema ? N : never;
}[keyof Schemas];
export type AnswerOf<N extends AnswerName> = Static<Schemas[N]>;

/** What a verb prints for people, and its exit code (default: `fine`). */
export interface Shown {
  readonly text: string;
  readonly exitCode?: ExitCode;
  /** The part of the answer that `--json` prints; default: all of it. */
  readonly json?: unknown;
}

/** One request to the running service. */
export interface ServiceRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly path: string;
  /** The route needs no token. */
  readonly isOpen?: boolean;
}

/** A request whose response schema is known. */
export interface AskedFor<N extends AnswerName> extends ServiceRequest {
  readonly answer: N;
}

/** A request, and how its answer is shown. */
export interface ServiceCall<N extends AnswerName> extends AskedFor<N> {
  readonly show: (body: AnswerOf<N>, screen: Screen) => Shown;
}

export interface ServiceOptions {
  readonly url?: string;
  readonly json?: boolean;
}

/** The environment in which a verb runs. */
export interface Surroundings {
  readonly io: Io;
  readonly sources: Sources;
  /** Cuts off calls to the service. */
  readonly signal?: AbortSignal;
}

/** The answer, or the verb's exit code; then the error has already been printed. */
export type Answered<T> =
  | { readonly body: T /** As it came: `body` is safe to print. */; readonly raw: unknown }
  | { readonly exitCode: ExitCode };

/**
 * Makes the call and prints its answer or the error.
 * @throws {UnreachableError} @throws {ConfigError} @throws {UsageError}
 */
export async function callService<N extends AnswerName>(
  call: ServiceCall<N>,
  options: ServiceOptions,
  surroundings: Surroundings,
): Promise<ExitCode> {
  const { io } = surroundings;
  const answered = await askService(call, options, surroundings);
  if ('exitCode' in answered) return answered.exitCode;
  const shown = call.show(answered.body, screenOf(io));
  if (options.json === true) printJson(shown.json ?? answered.raw, io);
  else io.write(shown.text);
  return shown.exitCode ?? EXIT.fine;
}

/** Makes a request and parses the answer by its schema. @throws as `callService` */
export async function askService<N extends AnswerName>(
  request: AskedFor<N>,
  options: ServiceOptions,
  surroundings: Surroundings,
): Promise<Answered<AnswerOf<N>>> {
  const [{ Check }, schemas] = await Promise.all([
    import('typebox/value'),
    import('../status/view/schemas.ts'),
  ]);
  const schema = schemas[request.answer];
  return readService(request, options, surroundings, (body): body is AnswerOf<N> => Check(schema, body));
}

/** Makes a request and accepts the answers that `isOurs` recognizes. @throws as `callService` */
export async function readService<T>(
  request: ServiceRequest,
  options: ServiceOptions,
  { io, sources, signal }: Surroundings,
  isOurs: (body: unknown) => body is T,
): Promise<Answered<T>> {
  const url = locateService(sources, options.url ?? null);
  const token = request.isOpen === true ? null : findToken(sources, url);
  const { status, body: raw } = await send(request, url, token, signal);
  if (status >= 200 && status <= 299) {
    const body = printable(raw);
    if (isOurs(body)) return { body, raw };
    io.writeError(
      `${url} gave an answer that this version of contact-card-reactor doesn’t understand. Check the address and the version running there.\n`,
    );
    return { exitCode: EXIT.failed };
  }
  if (options.json === true && raw !== undefined) printJson(raw, io);
  io.writeError(
    `${describeRefusal(status, raw, url, token === null ? missingToken(sources, url) : WRONG_TOKEN)}\n`,
  );
  return { exitCode: EXIT_BY_STATUS.get(status) ?? EXIT.failed };
}

const CONNECT_MS = 5 * SECOND;
/** The service answers a share on request within 10 s. */
const ANSWER_MS = 20 * SECOND;
/** Far more than any answer of the service. */
const MAX_ANSWER_BYTES = 16 * 1024 * 1024;

/**
 * Uses Node's own client, which loads ten times faster than undici.
 * @returns `body` undefined if the answer isn't JSON or is too large
 */
async function send(
  { method, path }: ServiceRequest,
  url: string,
  token: string | null,
  signal: AbortSignal | undefined,
): Promise<{ status: number; body: unknown }> {
  const { request } = await (/^https:/i.test(url) ? import('node:https') : import('node:http'));
  const headers = token === null ? {} : { authorization: `Bearer ${token}` };
  try {
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      const options = { method, headers, agent: false, timeout: ANSWER_MS, ...(signal && { signal }) };
      const call = request(`${url}${path}`, options, resolve);
      call.on('error', reject).end();
      limitTime(call);
    });
    return { status: answer.statusCode ?? 0, body: parse(await readText(answer)) };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : '';
    throw new UnreachableError(
      `Nothing answers at ${url}${code}. Start the service with \`contact-card-reactor serve\`, or pass its address with --url (or set HOST and PORT).`,
      { cause: error },
    );
  }
}

/** Limits the time to connect (TLS included), the time to the answer's headers, and each pause after them. */
function limitTime(call: ClientRequest): void {
  const giveUp = () => call.destroy(Object.assign(new Error('no answer in time'), { code: 'ETIMEDOUT' }));
  const limit = (ms: number, isMet: () => boolean) =>
    AbortSignal.timeout(ms).addEventListener('abort', () => isMet() || giveUp());
  let isConnected = false;
  let isAnswered = false;
  limit(CONNECT_MS, () => isConnected);
  limit(ANSWER_MS, () => isAnswered);
  call.once('socket', (socket) =>
    socket.once(call.protocol === 'https:' ? 'secureConnect' : 'connect', () => {
      isConnected = true;
    }),
  );
  call.once('response', () => {
    isAnswered = true;
  });
  call.once('timeout', giveUp);
}

/** Null: too large. */
async function readText(answer: IncomingMessage): Promise<string | null> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of answer) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > MAX_ANSWER_BYTES) return null;
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parse(text: string | null): unknown {
  try {
    return text === null ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}

const EXIT_BY_STATUS: ReadonlyMap<number, ExitCode> = new Map([
  [400, EXIT.usage],
  [401, EXIT.configuration],
  [403, EXIT.configuration],
]);

/** The service's own words, which say what to do. */
function describeRefusal(status: number, body: unknown, url: string, hint: string): string {
  const message =
    typeof body === 'object' && body !== null && 'message' in body ? printable(body.message) : null;
  if (typeof message !== 'string')
    return `${url} answered ${status} without a reason: is it contact-card-reactor?`;
  if (status !== 401 && status !== 403) return message;
  return `${message} ${hint}`;
}

const WRONG_TOKEN = 'The token used here isn’t that service’s.';

const SET_TOKEN = 'set STATUS_TOKEN for the service, and the same here.';

function missingToken(sources: Sources, url: string): string {
  if (!isSqlite(sources)) return `With PostgreSQL there is no token file for the command line: ${SET_TOKEN}`;
  return isLoopbackUrl(url)
    ? 'Set STATUS_TOKEN to the service’s token, or run this on its machine, as its user and in its directory.'
    : `The command line’s own token works over localhost only: ${SET_TOKEN}`;
}
