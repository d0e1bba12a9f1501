import { type ContactCard, cardStateOf } from '../../decide/holds.ts';
import type { LinqAnswer } from '../../decide/outcome.ts';
import { type EpochMs, SECOND } from '../../decide/time.ts';
import { showProblem } from '../../status/problems/problem-words.ts';
import type { ShowLine } from '../../status/view/chat-view.ts';
import { durationInWords } from '../../status/view/wording.ts';
import { type Finding, fine, found } from '../finding.ts';

/** How calls leave this machine: a proxy's scheme, host and port; null: directly. */
export interface Routes {
  readonly linq: string | null;
  /** Undefined: alerts are off. */
  readonly alerts: string | null | undefined;
  /** The settings name a proxy. */
  readonly isAnyNamed: boolean;
}

/** The result of asking the proxy for a connection to Linq. */
export type SeenProxy =
  | { readonly kind: 'open' }
  /** `httpStatus` null: no response; then `cause` is the system's error code. */
  | { readonly kind: 'failed'; readonly httpStatus: number | null; readonly cause: string };

/** @param seen null: Linq is called without a proxy, so nothing was checked */
export function judgeProxy({ linq, alerts, isAnyNamed }: Routes, seen: SeenProxy | null): Finding {
  const details = { linq, alerts: alerts ?? null };
  const toAlerts = alerts === undefined || alerts === linq ? '' : ` Alerts go ${way(alerts)}.`;
  if (linq === null || seen === null) {
    const why = isAnyNamed
      ? ' HTTPS_PROXY isn’t set, NO_PROXY exempts it, or LINQ_API_BASE_URL is on this machine.'
      : '';
    return fine('linq_proxy', `Linq is called directly.${why}${toAlerts}`, details);
  }
  if (seen.kind === 'open')
    return fine('linq_proxy', `Calls to Linq go through ${linq}, which allows them.${toAlerts}`, details);
  const { httpStatus, cause } = seen;
  if (httpStatus === null) {
    return found(
      'linq_proxy_unreachable',
      `The proxy in HTTPS_PROXY, ${linq}, doesn’t answer (${cause}), so Linq can’t be called.`,
      'Start the proxy, open the firewall to it, or correct HTTPS_PROXY. If Linq can be reached without it, add api.linqapp.com to NO_PROXY. Then restart the service.',
      { ...details, cause },
    );
  }
  const isLogin = httpStatus === 407;
  return found(
    'linq_proxy_refuses',
    `The proxy in HTTPS_PROXY, ${linq}, refuses calls to Linq (HTTP ${httpStatus}).`,
    isLogin
      ? 'Put a valid user name and password into HTTPS_PROXY, as http://USER:PASSWORD@HOST:PORT, and restart the service.'
      : 'Allow CONNECT to api.linqapp.com:443 in the proxy; its log says why it refuses.',
    { ...details, httpStatus },
  );
}

const way = (proxy: string | null) => (proxy === null ? 'directly' : `through ${proxy}`);

const CAUSES: ReadonlyMap<string, string> = new Map([
  ['dns', 'its host name can’t be resolved'],
  ['refused', 'the connection was refused'],
  ['connect_timeout', 'the connection timed out'],
  ['timeout', 'it didn’t answer in time'],
  ['unreachable', 'there is no route to it'],
  ['tls', 'its certificate isn’t trusted, or the TLS handshake failed'],
  ['reset', 'the connection was reset'],
  ['proxy', 'the proxy in HTTPS_PROXY doesn’t answer or refuses the call'],
]);

/** The expected location of the API; no secret. */
interface ApiPlace {
  readonly baseUrl: string;
  /** LINQ_API_BASE_URL is unset or has its default value. */
  readonly isDefault: boolean;
  /** Scheme, host and port; null: called directly. */
  readonly proxy: string | null;
}

/** Why a read failed. */
export function judgeLinqFailure(answer: LinqAnswer, place: ApiPlace): Finding {
  if (answer.kind === 'unanswered') {
    return answer.cause === 'unreadable'
      ? judgeForeign('a success response that isn’t Linq’s', place, { cause: answer.cause })
      : judgeSilence(answer.cause, place);
  }
  const { httpStatus, linqCode, hasEnvelope, isJson, retryAfterMs } = answer;
  const details = { httpStatus, linqCode };
  const said = `HTTP ${httpStatus}${linqCode === null ? '' : `, code ${linqCode}`}`;
  if (!hasEnvelope && httpStatus !== 429 && httpStatus < 500)
    return judgeForeign(`${said}${isJson ? '' : ', not JSON'}`, place, details);
  if (httpStatus === 401 || httpStatus === 403) {
    return found(
      'api_key_rejected',
      `Linq rejects the API key (${said}).`,
      'Create a key in the Linq dashboard, set LINQ_API_KEY to it, and restart the service.',
      details,
    );
  }
  if (httpStatus === 429) {
    const wait = retryAfterMs === null ? 'a minute' : durationInWords(retryAfterMs);
    return found(
      'api_limited',
      `Linq is rate limiting this account (${said}).`,
      `Run doctor again in ${wait}.`,
      {
        ...details,
        retryAfterMs,
      },
    );
  }
  if (httpStatus >= 500) {
    return found(
      'api_failing',
      `Linq’s API is failing (${said}).`,
      'Wait and run doctor again; the service retries automatically. If it persists, ask Linq whether there is an outage.',
      details,
    );
  }
  return found(
    'api_failing',
    `Linq refuses to list the lines (${said}).`,
    'Run doctor again in a few minutes. If it persists, ask Linq’s support.',
    details,
  );
}

/** Something else answered: another server at a custom URL, or, at Linq's own, something in between. */
function judgeForeign(said: string, { baseUrl, isDefault }: ApiPlace, details: Finding['details']): Finding {
  if (isDefault) {
    return found(
      'api_intercepted',
      `Something between this machine and Linq answers in Linq’s place (${said}).`,
      'Have the proxy, firewall or gateway between this machine and the internet pass calls to https://api.linqapp.com through unchanged. The service retries automatically.',
      details,
    );
  }
  return found(
    'api_base_url_wrong',
    `The server at ${baseUrl} isn’t Linq’s API (${said}).`,
    'Remove LINQ_API_BASE_URL, so that the default (https://api.linqapp.com/api/partner) applies, and restart the service.',
    details,
  );
}

function judgeSilence(cause: string, { baseUrl, proxy }: ApiPlace): Finding {
  return found(
    'api_unreachable',
    `Linq’s API can’t be reached at ${baseUrl}: ${CAUSES.get(cause) ?? cause}.`,
    cause === 'tls' ? TRUST : tryWithCurl(baseUrl, proxy),
    { cause },
  );
}

/** Forces curl onto the service's route, whatever curl finds in the environment. */
function tryWithCurl(baseUrl: string, proxy: string | null): string {
  const way = proxy === null ? "--noproxy '*'" : `--proxy ${proxy}`;
  const login = proxy === null ? '' : ' (add --proxy-user USER:PASSWORD if the proxy requires it)';
  return `Check from this machine: \`curl -sS ${way} -o /dev/null -w '%{http_code}\\n' ${baseUrl}/v3/phone_numbers\` must print 401${login}. If it doesn’t, check DNS, the firewall and LINQ_API_BASE_URL, and set HTTPS_PROXY if this machine needs a proxy to reach the internet.`;
}

/** curl would prove nothing: it trusts the system's CAs. */
const TRUST =
  'Node.js has its own list of certificate authorities and may not trust what the system and curl trust. If a proxy or firewall intercepts TLS, save the certificate of its authority (PEM) in a file and set NODE_EXTRA_CA_CERTS to that file in the service’s environment (systemd: `Environment=`); in .env it has no effect. Then restart the service.';

/** The `Date` header of a response from Linq, and our wall clock around the call. */
export interface DateReading {
  readonly serverAt: EpochMs;
  readonly requestedAt: EpochMs;
  readonly receivedAt: EpochMs;
}

/** A larger offset is a wrong clock, not delay or rounding; the service stops sharing beyond it. */
const MAX_OFF_MS = 30 * SECOND;

/** Linq's clock minus ours, as far as certain: the header has whole seconds and was written during the call. */
export function offBy({ serverAt, requestedAt, receivedAt }: DateReading): number {
  if (serverAt + SECOND < requestedAt) return serverAt + SECOND - requestedAt;
  return Math.max(0, serverAt - receivedAt);
}

/**
 * @param toleranceMs WEBHOOK_TOLERANCE
 * @param isShared the database's clock measures windows: only signatures go by this one
 */
export function judgeClock(reading: DateReading, toleranceMs: number, isShared: boolean): Finding {
  const off = offBy(reading);
  const details = { offSeconds: Math.round(off / SECOND) };
  if (Math.abs(off) <= MAX_OFF_MS) {
    return fine('clock', `It is within ${Math.ceil(Math.abs(off) / SECOND) || 1} s of Linq’s.`, details);
  }
  const side = off > 0 ? 'behind' : 'ahead of';
  const areRefused = Math.abs(off) > toleranceMs;
  const effect = isShared
    ? areRefused
      ? 'Linq’s deliveries look stale and are refused.'
      : 'By more than WEBHOOK_TOLERANCE, Linq’s deliveries would look stale.'
    : areRefused
      ? 'Linq’s deliveries look stale and are refused, and sharing waits.'
      : 'Until it is right, sharing waits.';
  return found(
    'clock_wrong',
    `This machine’s clock is ${durationInWords(Math.abs(off))} ${side} Linq’s. ${effect}`,
    'Synchronise it: `timedatectl set-ntp true`; after a minute `timedatectl` must say "System clock synchronized: yes" (NTP needs outbound UDP port 123). In a container or virtual machine, correct the host’s clock.',
    details,
  );
}

/** @param wanted LINQ_LINES; null: all */
export function judgeLines(
  lines: readonly string[],
  wanted: ReadonlySet<string> | null,
  showLine: ShowLine,
): Finding {
  const details = { lines: lines.map(showLine) };
  if (lines.length === 0) {
    return found(
      'lines_none',
      'The account has no lines, so nothing can be shared.',
      'Ask Linq for a line, or set LINQ_API_KEY to the key of the account that has one, and restart the service.',
      details,
    );
  }
  const unknown = [...(wanted ?? [])].filter((line) => !lines.includes(line)).map(showLine);
  if (unknown.length > 0) {
    return found(
      'lines_unknown',
      `LINQ_LINES names lines that aren’t on this account: ${unknown.join(', ')}.`,
      `Correct LINQ_LINES and restart the service. The account has: ${details.lines.join(', ')}.`,
      { ...details, unknown },
    );
  }
  const some = wanted === null ? '' : ` LINQ_LINES picks ${wanted.size} of them.`;
  return fine('lines', `The account has ${details.lines.join(', ')}.${some}`, details);
}

/** One finding for each line that can't share, one for all that can. @param lines those on which we share */
export function judgeCards(
  lines: readonly string[],
  cards: readonly ContactCard[],
  showLine: ShowLine,
): readonly Finding[] {
  const active = lines.filter((line) => cardStateOf(line, cards) === 'active').map(showLine);
  const troubles = lines.flatMap((line) => {
    const state = cardStateOf(line, cards);
    if (state === 'active') return [];
    const { message, remedy } = showProblem({ code: `card_${state}`, line }, 0, showLine);
    return [found(`card_${state}`, message, remedy, { line: showLine(line) })];
  });
  if (active.length === 0) return troubles;
  const has = active.length === 1 ? 'has an active card' : 'have an active card';
  return [...troubles, fine('cards', `${active.join(', ')} ${has}.`, { active })];
}
