import type { LinqAnswer } from '../../decide/answer.ts';
import { durationInWords } from '../../status/wording.ts';
import { type Finding, found } from '../finding.ts';

const CAUSES: ReadonlyMap<string, string> = new Map([
  ['dns', "its name can't be resolved"],
  ['refused', 'the connection is refused'],
  ['connect_timeout', 'the connection times out'],
  ['timeout', "it doesn't answer in time"],
  ['unreachable', 'no route leads there'],
  ['tls', "its certificate isn't trusted, or TLS fails"],
  ['reset', 'the connection is cut'],
]);

/** Why a read brought nothing. @param baseUrl LINQ_API_BASE_URL, which is no secret */
export function judgeLinqFailure(answer: LinqAnswer, baseUrl: string): Finding {
  if (answer.kind === 'unanswered') return judgeSilence(answer.cause, baseUrl);
  const { httpStatus, linqCode, isJson, retryAfterMs } = answer;
  const details = { httpStatus, linqCode };
  const said = `HTTP ${httpStatus}${linqCode === null ? '' : `, code ${linqCode}`}`;
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
    'api_base_url_wrong',
    `What answers at ${baseUrl} isn't Linq's API (${said}${isJson ? '' : ', not JSON'}).`,
    'Remove LINQ_API_BASE_URL, so that its default https://api.linqapp.com/api/partner counts, and restart the service.',
    details,
  );
}

function judgeSilence(cause: string, baseUrl: string): Finding {
  if (cause === 'unreadable') {
    return found(
      'api_base_url_wrong',
      `What answers at ${baseUrl} isn't Linq's API (its answer can't be read).`,
      'Remove LINQ_API_BASE_URL, so that its default https://api.linqapp.com/api/partner counts, and restart the service.',
      { cause },
    );
  }
  return found(
    'api_unreachable',
    `Linq's API can't be reached at ${baseUrl}: ${CAUSES.get(cause) ?? cause}.`,
    `Check from this machine: \`curl -sS -o /dev/null -w '%{http_code}\\n' ${baseUrl}/v3/phone_numbers\` must print 401. If it doesn't, correct the machine's DNS, firewall or LINQ_API_BASE_URL.`,
    { cause },
  );
}
