import { SECOND } from '../../decide/time.ts';
import { type Finding, type FindingCode, fine, found, skipped } from '../finding.ts';
import type { Answer } from './answer.ts';

/** The results of the test deliveries to PUBLIC_URL. Null: not sent, because an earlier one was conclusive. */
export interface SeenTrip {
  /** Compact JSON, as most senders write it. */
  readonly plain: Answer;
  /** JSON with unusual white space, escapes, numbers and key order: parsing and reserializing would change it. */
  readonly odd: Answer | null;
  /** Almost as large as a delivery may be. */
  readonly large: Answer | null;
  /** The plain one, sent directly to the service; null when it isn't running here. */
  readonly local: Answer | null;
  /** Whether the service counted a refused signature in the meantime; null: unknown. */
  readonly hasReachedUs: boolean | null;
}

/** Linq waits this long for a response. */
const PATIENCE_MS = 10 * SECOND;
/** Slower than half of that leaves no margin for a bad day. */
const SLOW_MS = PATIENCE_MS / 2;
/** A proxy's responses when nothing listens behind it. */
const GATEWAY_ERRORS: readonly number[] = [502, 503, 504];

export function judgeRoundTrip(publicUrl: string, seen: SeenTrip): Finding {
  const { plain, odd, large } = seen;
  if (plain.kind === 'foreign' && seen.local === null && GATEWAY_ERRORS.includes(plain.httpStatus)) {
    return skipped(
      'round_trip',
      `The proxy answers (HTTP ${plain.httpStatus}), but the service behind it isn't running yet: start it, then run doctor again.`,
    );
  }
  if (plain.kind !== 'taken') return judgeFailedTrip(publicUrl, plain, seen);
  const instance = judgeInstance(publicUrl, plain.proof, seen.local);
  if (instance !== null && instance.state === 'error') return instance;
  if (odd !== null && odd.kind !== 'taken') return judgeFailedTrip(publicUrl, odd, seen);
  if (large !== null && large.kind !== 'taken') return judgeLarge(publicUrl, large);
  if (plain.tookMs > SLOW_MS) {
    return found(
      'slow',
      `${publicUrl} took ${Math.round(plain.tookMs / SECOND)} s to answer; Linq waits ${PATIENCE_MS / SECOND} s.`,
      'See what holds requests back in the proxy (its access log tells the times); `contact-card-reactor status` tells whether the service itself is overloaded.',
      { tookMs: plain.tookMs },
    );
  }
  return (
    instance ??
    fine('round_trip', `Signed deliveries to ${publicUrl} reach this very service byte for byte.`, {
      publicUrl,
      tookMs: Math.round(plain.tookMs),
    })
  );
}

/** Null: it was this very service. */
function judgeInstance(publicUrl: string, proof: string, local: Answer | null): Finding | null {
  if (local?.kind !== 'taken') {
    return found(
      'instance_unproven',
      `A contact-card-reactor with this secret answers at ${publicUrl}; whether it is this one is unknown, since the service here accepts no deliveries.`,
      "Run doctor on the machine of the service, or give the service's own address with --url.",
    );
  }
  if (local.proof === proof) return null;
  return found(
    'another_instance',
    `At ${publicUrl} another contact-card-reactor with the same secret answers, not the one that runs here: the chats it gets are unknown here.`,
    'Let the proxy lead to this service alone, and stop the other one: two with the same account share twice as often as they should.',
  );
}

function judgeLarge(publicUrl: string, large: Answer): Finding {
  const status =
    'httpStatus' in large ? `HTTP ${large.httpStatus}` : large.kind === 'failed' ? large.cause : large.kind;
  return found(
    'proxy_limits_size',
    `${publicUrl} takes small deliveries, but refuses one of nearly 1 MiB (${status}): a long message would be lost.`,
    'Let the proxy pass bodies of 1 MiB on and give it time: nginx `client_max_body_size 2m;`, Caddy without `request_body max_size`, other proxies likewise; then reload it.',
    { ...large, proof: undefined },
  );
}

type Words = readonly [code: FindingCode, message: string, remedy: string];

const UNCHANGED =
  'It must pass the body on as it came, byte for byte: switch off whatever parses, rewrites, compresses or scans bodies (a web application firewall, an API gateway with transformations, a function between). `reverse_proxy` of Caddy and `proxy_pass` of nginx alone change nothing.';
const RIGHT_HEADERS =
  'It must pass webhook-id, webhook-timestamp, webhook-signature and Content-Type on as they came, once each: remove rules that drop, join or add headers (nginx: `proxy_set_header` of these names).';

/** Why a test delivery that should have been accepted wasn't. @param answer to the first one that failed */
function judgeFailedTrip(
  publicUrl: string,
  answer: Exclude<Answer, { kind: 'taken' }>,
  seen: SeenTrip,
): Finding {
  const [code, message, remedy] = describe(publicUrl, answer, seen);
  return found(code, message, remedy, { publicUrl, ...answer });
}

function describe(publicUrl: string, answer: Exclude<Answer, { kind: 'taken' }>, seen: SeenTrip): Words {
  switch (answer.kind) {
    case 'redirect':
      return [
        'redirected',
        `${publicUrl} answers with a redirect (HTTP ${answer.httpStatus}) to ${answer.target}. Linq doesn't follow it: the delivery is lost.`,
        'Set PUBLIC_URL to the address that answers without a redirect, run `contact-card-reactor setup` so that the subscription leads there, and restart the service. Or let the proxy pass /webhooks/linq on instead of redirecting it.',
      ];
    case 'wrong_path':
      return [
        'path_wrong',
        `A contact-card-reactor answers at ${publicUrl}, but the proxy changes the path: it doesn't arrive as /webhooks/linq.`,
        'Let the proxy pass the path on as it is: Caddy `handle` instead of `handle_path`, nginx `proxy_pass http://127.0.0.1:8080;` without a slash at the end. Or put the prefix that it strips into PUBLIC_URL, in front of /webhooks/linq.',
      ];
    case 'refused':
      return describeRefusal(publicUrl, answer.code, seen);
    case 'foreign':
      return describeForeign(publicUrl, answer.httpStatus);
    case 'failed':
      return describeSilence(publicUrl, answer.cause);
  }
}

function describeRefusal(publicUrl: string, code: string, seen: SeenTrip): Words {
  switch (code) {
    case 'SIGNATURE_MISSING':
      return [
        'proxy_drops_headers',
        `The proxy at ${publicUrl} drops headers of the signature.`,
        RIGHT_HEADERS,
      ];
    case 'SIGNATURE_MALFORMED':
    case 'UNSUPPORTED_MEDIA_TYPE':
    case 'UNSUPPORTED_ENCODING':
    case 'BROKEN_REQUEST':
      return [
        'proxy_changes_headers',
        `The proxy at ${publicUrl} changes headers (${code}), so no delivery can be verified.`,
        RIGHT_HEADERS,
      ];
    case 'SIGNATURE_MISMATCH':
      return describeMismatch(publicUrl, seen);
    case 'SIGNATURE_STALE':
    case 'CLOCK_SUSPECT':
      return [
        'delivery_stale',
        `Deliveries to ${publicUrl} are stale when they arrive: a proxy holds them back, or the clock of the machine that answers is off.`,
        'Synchronise the clocks of this machine and of the one that answers (`timedatectl set-ntp true`), and let the proxy pass requests on at once, not from a queue.',
      ];
    case 'TOO_MANY_FAILURES':
    case 'RATE_LIMITED':
      return [
        'delivery_limited',
        `The service refuses deliveries through ${publicUrl} for now: too many came from the address of the proxy (${code}).`,
        'If the service is behind a proxy, set TRUST_PROXY (for example TRUST_PROXY=loopback), so that senders are told apart, and restart it. Then wait a minute and run doctor again.',
      ];
    case 'BODY_TOO_LARGE':
      return [
        'proxy_alters_bytes',
        `The proxy at ${publicUrl} makes bodies larger than they were.`,
        UNCHANGED,
      ];
    default:
      return [
        'service_busy',
        `The service behind ${publicUrl} can't take deliveries now (${code}); Linq redelivers for about 25 minutes.`,
        'See the findings about the service, its data directory and its database. If it was just restarted, run doctor again.',
      ];
  }
}

/** The same signature is valid directly but not through the proxy: other bytes, or another service. */
function describeMismatch(publicUrl: string, { plain, local, hasReachedUs }: SeenTrip): Words {
  if (plain.kind === 'taken') {
    return [
      'proxy_alters_bytes',
      `The proxy at ${publicUrl} rewrites JSON: a plain body arrives unchanged, one with unusual white space and escapes doesn't, so Linq's signatures don't match it.`,
      UNCHANGED,
    ];
  }
  if (local?.kind === 'taken' && hasReachedUs !== false) {
    const doubt =
      hasReachedUs === true
        ? ''
        : ' Or the request reaches another contact-card-reactor with another secret.';
    return [
      'proxy_alters_bytes',
      `The proxy at ${publicUrl} alters bodies: the same delivery that the service takes directly arrives with a signature that doesn't match.${doubt}`,
      UNCHANGED,
    ];
  }
  return [
    'other_secret_there',
    `A contact-card-reactor with another LINQ_WEBHOOK_SECRET answers at ${publicUrl}, not the one with these settings.`,
    'Let the proxy (or the DNS record) lead to the machine and port of this service; or, if that is the right one, run doctor with its settings: --env-file FILE.',
  ];
}

function describeForeign(publicUrl: string, httpStatus: number): Words {
  if (httpStatus === 401 || httpStatus === 403 || httpStatus === 407) {
    return [
      'login_wanted',
      `${publicUrl} refuses requests before they reach the service (HTTP ${httpStatus}): a login, an address list or a bot filter stands in front.`,
      'Let requests to /webhooks/linq pass without login, address list and bot filter; their signature is what protects it. Reload the proxy.',
    ];
  }
  if (httpStatus === 413) {
    return [
      'proxy_refuses_size',
      `${publicUrl} finds even a small delivery too large (HTTP 413).`,
      'Raise the limit of the proxy to at least 1 MiB: nginx `client_max_body_size 2m;`.',
    ];
  }
  if (httpStatus === 502 || httpStatus === 503 || httpStatus === 504) {
    return [
      'proxy_cannot_reach_service',
      `The proxy at ${publicUrl} doesn't reach the service (HTTP ${httpStatus}).`,
      'Let the proxy lead to HOST and PORT of the service (default 127.0.0.1:8080; `contact-card-reactor config show` tells). In containers, 127.0.0.1 is the container itself: set HOST=0.0.0.0 and use the name of the container.',
    ];
  }
  return [
    'something_else_answers',
    `At ${publicUrl} something else answers (HTTP ${httpStatus}), not contact-card-reactor.`,
    'Let the proxy pass /webhooks/linq on to HOST and PORT of the service, with all of its headers and those of the answer, or correct PUBLIC_URL.',
  ];
}

function describeSilence(publicUrl: string, cause: string): Words {
  if (cause === 'timeout') {
    return [
      'too_slow',
      `${publicUrl} takes a delivery and doesn't answer within 10 s; Linq then gives up and redelivers it.`,
      "See the proxy's log for what it waits for: usually it can't reach the service, or holds bodies back for a scan. The service itself answers within milliseconds.",
    ];
  }
  return [
    'no_answer',
    `${publicUrl} cuts the connection without an answer (${cause}).`,
    "See the proxy's error log at this minute: it says why it cut the request.",
  ];
}
