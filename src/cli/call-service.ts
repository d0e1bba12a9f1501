import type { Static, TSchema } from 'typebox';
import { Check } from 'typebox/value';
import { Agent, type Dispatcher, errors, request } from 'undici';
import type { Sources } from '../config/sources.ts';
import { SECOND } from '../decide/time.ts';
import { UnreachableError } from '../errors.ts';
import { EXIT, type ExitCode, type Io } from './io.ts';
import { printable, printableJson, type Screen, screenOf } from './terminal/screen.ts';
import { findToken, locateService } from './verb-settings.ts';

/** What a verb prints for people, and what it ends with (`fine` unless told). */
export interface Shown {
  readonly text: string;
  readonly exitCode?: ExitCode;
  /** The part of the answer that `--json` prints, where it isn't the whole. */
  readonly json?: unknown;
}

/** One request to the running service. */
export interface ServiceCall {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly path: string;
  /** The route needs no token. */
  readonly isOpen?: boolean;
  /** Null: the answer isn't of the shape that this version knows. */
  readonly show: (body: unknown, screen: Screen) => Shown | null;
}

export interface ServiceOptions {
  readonly url?: string;
  readonly json?: boolean;
}

/** Reads an answer by its schema. */
export function showing<S extends TSchema>(
  schema: S,
  show: (body: Static<S>, screen: Screen) => Shown,
): ServiceCall['show'] {
  return (body, screen) => (Check(schema, body) ? show(body, screen) : null);
}

/** What a verb is run with. */
export interface Surroundings {
  readonly io: Io;
  readonly sources: Sources;
}

/**
 * Makes the call and prints its answer, or what is wrong.
 * @throws {UnreachableError} @throws {ConfigError} @throws {UsageError}
 */
export async function callService(
  call: ServiceCall,
  options: ServiceOptions,
  surroundings: Surroundings,
): Promise<ExitCode> {
  const { io } = surroundings;
  const asked = await askService(call, options, surroundings);
  if ('exitCode' in asked) return asked.exitCode;
  const shown = call.show(asked.body, screenOf(io));
  if (shown === null) return tellForeign(asked.url, io);
  if (options.json === true) printJson(shown.json ?? asked.raw, io);
  else io.write(shown.text);
  return shown.exitCode ?? EXIT.fine;
}

/** `body` is safe to print, `raw` is what came. */
export type Asked =
  | { readonly url: string; readonly body: unknown; readonly raw: unknown }
  | { readonly exitCode: ExitCode };

/**
 * Makes a request; of an answer that isn't 2xx it says what is wrong.
 * @throws {UnreachableError} @throws {ConfigError} @throws {UsageError}
 */
export async function askService(
  request: Pick<ServiceCall, 'method' | 'path' | 'isOpen'>,
  options: ServiceOptions,
  { io, sources }: Surroundings,
): Promise<Asked> {
  const url = locateService(sources, options.url ?? null);
  const token = request.isOpen === true ? null : findToken(sources, url);
  const { status, body } = await send(request, url, token);
  if (status >= 200 && status <= 299) return { url, body: printable(body), raw: body };
  if (options.json === true && body !== undefined) printJson(body, io);
  io.writeError(`${describeRefusal(status, body, url, token)}\n`);
  return { exitCode: EXIT_BY_STATUS.get(status) ?? EXIT.failed };
}

export function printJson(json: unknown, io: Io): void {
  io.write(`${printableJson(json)}\n`);
}

/** Says that whoever answers is no service of this version. */
export function tellForeign(url: string, io: Io): ExitCode {
  io.writeError(
    `${url} answers, but not as this version of contact-card-reactor does: check the address and the version that runs there.\n`,
  );
  return EXIT.failed;
}

const CONNECT_MS = 5 * SECOND;
/** A share that an operator asks for is answered after at most 10 s. */
const ANSWER_MS = 20 * SECOND;
/** Whatever the service answers to a verb is far below that. */
const MAX_ANSWER_BYTES = 16 * 1024 * 1024;

/** `body` is undefined when the answer isn't JSON, or larger than any of ours. */
async function send(
  { method, path }: Pick<ServiceCall, 'method' | 'path'>,
  url: string,
  token: string | null,
): Promise<{ status: number; body: unknown }> {
  const dispatcher = new Agent({
    connect: { timeout: CONNECT_MS },
    headersTimeout: ANSWER_MS,
    bodyTimeout: ANSWER_MS,
    maxResponseSize: MAX_ANSWER_BYTES,
  });
  try {
    const headers = token === null ? {} : { authorization: `Bearer ${token}` };
    const answer = await request(`${url}${path}`, { method, headers, dispatcher });
    return { status: answer.statusCode, body: await readJson(answer.body) };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : '';
    throw new UnreachableError(
      `Nothing answers at ${url}${code}. Start the service with "contact-card-reactor serve", or name its address with --url (or HOST and PORT).`,
      { cause: error },
    );
  } finally {
    await dispatcher.destroy();
  }
}

async function readJson(body: Dispatcher.ResponseData['body']): Promise<unknown> {
  try {
    return await body.json();
  } catch (error) {
    const isForeign = error instanceof SyntaxError || error instanceof errors.ResponseExceededMaxSizeError;
    if (!isForeign) throw error;
    return undefined;
  }
}

const EXIT_BY_STATUS: ReadonlyMap<number, ExitCode> = new Map([
  [400, EXIT.usage],
  [401, EXIT.configuration],
  [403, EXIT.configuration],
]);

/** The service's own words; they say what to do. */
function describeRefusal(status: number, body: unknown, url: string, token: string | null): string {
  const message =
    typeof body === 'object' && body !== null && 'message' in body ? printable(body.message) : null;
  if (typeof message !== 'string')
    return `${url} answered ${status} without saying why: is it contact-card-reactor?`;
  if (status !== 401 && status !== 403) return message;
  const hint =
    token === null
      ? 'Set STATUS_TOKEN as the service has it, or run this on its machine, as its user and in its directory.'
      : 'The token used here is not the one of the service that runs there.';
  return `${message} ${hint}`;
}
