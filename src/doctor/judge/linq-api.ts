import type { LinqAnswer } from '../../decide/outcome.ts';
import { durationInWords } from '../../status/view/wording.ts';
import { type Finding, found } from '../finding.ts';

const CAUSES: ReadonlyMap<string, string> = new Map([
  ['dns', "its name can't be resolved"],
  ['refused', 'the connection is refused'],
  ['connect_timeout', 'the connection times out'],
  ['timeout', "it doesn't answer in time"],
  ['unreachable', 'no route leads there'],
  ['tls', "its certificate isn't trusted, or TLS fails"],
  ['reset', 'the connection is cut'],
  ['proxy', "the proxy of HTTPS_PROXY doesn't answer, or refuses"],
]);

/** Where the API should be; no secret. */
export interface ApiPlace {
  readonly baseUrl: string;
  /** LINQ_API_BASE_URL isn't set to anything else. */
  readonly isDefault: boolean;
  /** Scheme, host and port; null: it is called directly. */
  readonly proxy: string | null;
}

/** Why a read brought nothing. */
export function judgeLinqFailure(answer: LinqAnswer, place: ApiPlace): Finding {
  if (answer.kind === 'unanswered') {
    return answer.cause === 'unreadable'
      ? judgeForeign("a success that isn't Linq's", place, { cause: answer.cause })
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
      'Create a key in the Linq dashboard, put it into LINQ_API_KEY, and restart the service.',
      details,
    );
  }
  if (httpStatus === 429) {
    const wait = retryAfterMs === null ? 'a minute' : durationInWords(retryAfterMs);
    return found('api_limited', `Linq limits the rate of calls (${said}).`, `Run doctor again in ${wait}.`, {
      ...details,
      retryAfterMs,
    });
  }
  if (httpStatus >= 500) {
    return found(
      'api_failing',
      `Linq's API fails (${said}).`,
      'Wait and run doctor again; the service repeats its calls by itself. If it lasts, ask Linq whether there is an outage.',
      details,
    );
  }
  return found(
    'api_failing',
    `Linq refuses to list the lines (${said}).`,
    'Run doctor again in a few minutes. If it lasts, ask Linq’s support why.',
    details,
  );
}

/** Something else answers: whoever is at another address, or, at Linq's own, whoever stands in between. */
function judgeForeign(said: string, { baseUrl, isDefault }: ApiPlace, details: Finding['details']): Finding {
  if (isDefault) {
    return found(
      'api_intercepted',
      `Something between this machine and Linq answers in its place (${said}).`,
      'Let the proxy, firewall or gateway through which this machine reaches the internet pass calls to https://api.linqapp.com on unchanged. The service repeats its calls by itself.',
      details,
    );
  }
  return found(
    'api_base_url_wrong',
    `What answers at ${baseUrl} isn't Linq's API (${said}).`,
    'Remove LINQ_API_BASE_URL, so that its default https://api.linqapp.com/api/partner counts, and restart the service.',
    details,
  );
}

function judgeSilence(cause: string, { baseUrl, proxy }: ApiPlace): Finding {
  return found(
    'api_unreachable',
    `Linq's API can't be reached at ${baseUrl}: ${CAUSES.get(cause) ?? cause}.`,
    cause === 'tls' ? TRUST : tryWithCurl(baseUrl, proxy),
    { cause },
  );
}

/** The way that the service takes, whatever curl finds in the environment. */
function tryWithCurl(baseUrl: string, proxy: string | null): string {
  const way = proxy === null ? "--noproxy '*'" : `--proxy ${proxy}`;
  const login = proxy === null ? '' : ' (with --proxy-user USER:PASSWORD if the proxy wants that)';
  return `Check from this machine: \`curl -sS ${way} -o /dev/null -w '%{http_code}\\n' ${baseUrl}/v3/phone_numbers\` must print 401${login}. If it doesn't, correct the machine's DNS, firewall, LINQ_API_BASE_URL or, if only a proxy leads to the internet, HTTPS_PROXY.`;
}

/** curl would prove nothing: it trusts the system's authorities. */
const TRUST =
  "Node.js has authorities of its own and need not trust what the system and curl trust. If a proxy or firewall opens TLS on the way, put the certificate of its authority (PEM) into a file and name that in NODE_EXTRA_CA_CERTS in the service's environment (systemd: `Environment=`); in .env it has no effect. Then restart the service.";
