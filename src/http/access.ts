import { createHash, timingSafeEqual } from 'node:crypto';
import { isIP } from 'node:net';
import rateLimit from '@fastify/rate-limit';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Clock } from '../clock.ts';
import { MINUTE } from '../decide/time.ts';
import { createLineLimiter } from '../log.ts';
import type { Refusal, Refuse } from './answers.ts';

export interface AccessOptions {
  readonly statusToken: string | null;
  /** Opens the routes from this machine only; null: there is none. */
  readonly cliToken: string | null;
  readonly clock: Pick<Clock, 'monotonic'>;
}

/** A token that opens one scope only, in addition to the other tokens. */
export interface OwnToken {
  /** The name of its setting. */
  readonly name: string;
  readonly token: string | null;
}

/** Failed logins per minute and address before 401 becomes 429. The right token still works. */
const MAX_FAILURES = 20;

const CHALLENGES = [
  'Bearer realm="contact-card-reactor"',
  'Basic realm="contact-card-reactor", charset="UTF-8"',
];

/** Requires a token for every route of this scope. Logs failed logins and every change. */
export async function guardRoutes(
  app: FastifyInstance,
  options: AccessOptions,
  refuse: Refuse,
  own: OwnToken | null = null,
): Promise<void> {
  const { noneSet, noneSent, wrong } = own === null ? statusRefusals(options) : refusalsOf(own.name);
  const countFailure = await failuresOf(app);
  const lines = createLineLimiter();

  function reject(request: FastifyRequest, reply: FastifyReply, refusal: Refusal): FastifyReply {
    const linesLeftOut = lines.admit(options.clock.monotonic());
    if (linesLeftOut !== null) {
      request.log.warn({ ...describe(request), reason: refusal.code, linesLeftOut }, 'login.failed');
    }
    return refuse(reply, refusal);
  }

  async function refuseLogin(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    // a request without credentials isn't a failed login: a browser sends one before it shows its prompt
    const hasTried = request.headers.authorization !== undefined;
    const failures = hasTried ? await countFailure(request) : null;
    if (failures !== null && !failures.isAllowed && failures.isExceeded) {
      reply.header('retry-after', Math.max(1, failures.ttlInSeconds));
      return reject(request, reply, TOO_MANY_LOGINS);
    }
    reply.header('www-authenticate', CHALLENGES);
    return hasTried ? reject(request, reply, wrong) : refuse(reply, noneSent);
  }

  app.addHook('onRequest', async (request, reply) => {
    const credentials = parseCredentials(request.headers.authorization ?? '');
    const token = admit(credentials, request.ip, options, own?.token ?? null);
    if (token === null) {
      const isNoneSet = options.statusToken === null && (own?.token ?? null) === null;
      return isNoneSet ? refuse(reply, noneSet) : refuseLogin(request, reply);
    }
    if (!isChange(request)) return;
    if (credentials?.scheme === 'basic' && isForeign(request)) return reject(request, reply, CROSS_SITE);
    request.log.info({ ...describe(request), token }, 'operator.request');
  });
}

type CountFailure = ReturnType<FastifyInstance['createRateLimit']>;

const COUNTERS = new WeakMap<FastifyInstance['server'], CountFailure>();

/** One counter for all scopes of a server: otherwise each scope would allow its own set of guesses. */
async function failuresOf(app: FastifyInstance): Promise<CountFailure> {
  const known = COUNTERS.get(app.server);
  if (known !== undefined) return known;
  if (!app.hasDecorator('createRateLimit')) await app.register(rateLimit, { global: false });
  const counter = app.createRateLimit({ max: MAX_FAILURES, timeWindow: MINUTE });
  COUNTERS.set(app.server, counter);
  return counter;
}

/** Which token matches; null: none. */
function admit(
  credentials: Credentials | null,
  address: string,
  { statusToken, cliToken }: AccessOptions,
  ownToken: string | null,
): 'status' | 'own' | 'cli' | null {
  if (credentials === null) return null;
  if (ownToken !== null && isSameToken(credentials.token, ownToken)) return 'own';
  if (statusToken !== null && isSameToken(credentials.token, statusToken)) return 'status';
  return cliToken !== null && isLoopback(address) && isSameToken(credentials.token, cliToken) ? 'cli' : null;
}

/** The route's pattern, not its path, which may contain a line's number. */
function describe({ ip, method, routeOptions }: FastifyRequest) {
  return { address: ip, method, route: routeOptions.url };
}

const isChange = ({ method }: FastifyRequest) => method !== 'GET' && method !== 'HEAD';

/** A browser sends a saved password with requests from any site, so it must confirm that they are ours. */
const isForeign = ({ headers }: FastifyRequest) => headers['sec-fetch-site'] !== 'same-origin';

const NO_STATUS_TOKEN: Refusal = {
  statusCode: 403,
  code: 'NO_STATUS_TOKEN',
  message:
    'Set STATUS_TOKEN (at least 16 characters) and restart the service, then send it as "Authorization: Bearer …".',
};

const NO_TOKEN: Refusal = {
  statusCode: 401,
  code: 'NO_TOKEN',
  message: 'Send STATUS_TOKEN as "Authorization: Bearer …", or as the password of HTTP Basic.',
};

const WRONG_TOKEN: Refusal = {
  statusCode: 401,
  code: 'WRONG_TOKEN',
  message:
    'Wrong token. Send STATUS_TOKEN as "Authorization: Bearer …"; in a browser, reload and enter it as the password.',
};

function statusRefusals({ cliToken }: Pick<AccessOptions, 'cliToken'>) {
  const message = `${NO_STATUS_TOKEN.message} On the same machine the contact-card-reactor commands work without it.`;
  const noneSet: Refusal = cliToken === null ? NO_STATUS_TOKEN : { ...NO_STATUS_TOKEN, message };
  return { noneSet, noneSent: NO_TOKEN, wrong: WRONG_TOKEN };
}

/** For a scope that has its own token. */
function refusalsOf(name: string): ReturnType<typeof statusRefusals> {
  return {
    noneSet: {
      ...NO_STATUS_TOKEN,
      code: `NO_${name}`,
      message: `Set ${name} (at least 16 characters; it opens nothing else) and restart the service, then send it as "Authorization: Bearer …". STATUS_TOKEN works too.`,
    },
    noneSent: {
      ...NO_TOKEN,
      message: `Send ${name} or STATUS_TOKEN as "Authorization: Bearer …", or as the password of HTTP Basic.`,
    },
    wrong: {
      ...WRONG_TOKEN,
      message: `Wrong token. Send ${name} or STATUS_TOKEN as "Authorization: Bearer …".`,
    },
  };
}

const TOO_MANY_LOGINS: Refusal = {
  statusCode: 429,
  code: 'TOO_MANY_LOGINS',
  message: 'Too many failed logins from this address. The right token still works.',
};

const CROSS_SITE: Refusal = {
  statusCode: 403,
  code: 'CROSS_SITE',
  message:
    'With HTTP Basic, only the service’s own page may make changes (Sec-Fetch-Site: same-origin). Send the token as "Authorization: Bearer …".',
};

/** What a client sends to authenticate. */
export interface Credentials {
  readonly scheme: 'bearer' | 'basic';
  readonly token: string;
}

/** Reads an `Authorization` header; with Basic the password is the token and the user name is ignored. Null: neither scheme. */
export function parseCredentials(header: string): Credentials | null {
  const match = /^(bearer|basic) +([^ ]+) *$/i.exec(header);
  const scheme = match?.[1]?.toLowerCase();
  const value = match?.[2];
  if (value === undefined) return null;
  if (scheme === 'bearer') return { scheme, token: value };
  const pair = Buffer.from(value, 'base64').toString('utf8');
  const colon = pair.indexOf(':');
  return colon === -1 ? null : { scheme: 'basic', token: pair.slice(colon + 1) };
}

/** Compares in constant time: the time reveals neither where two tokens differ nor their lengths. */
export function isSameToken(presented: string, expected: string): boolean {
  return timingSafeEqual(digest(presented), digest(expected));
}

const digest = (text: string) => createHash('sha256').update(text).digest();

/** True for an address that only programs on this machine can connect from. */
export function isLoopback(address: string): boolean {
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, '');
  return isIP(plain) === 4 ? plain.startsWith('127.') : plain === '::1';
}
