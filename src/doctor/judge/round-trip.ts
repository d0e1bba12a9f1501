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
      `The proxy answers (HTTP ${plain.httpStatus}), but the service behind it isn’t running yet. Start it, then run doctor again.`,
    );
  }
  if (plain.kind !== 'accepted') return judgeFailedTrip(publicUrl, plain, seen);
  const instance = judgeInstance(publicUrl, plain.proof, seen.local);
  if (instance !== null && instance.state === 'error') return instance;
  if (odd !== null && odd.kind !== 'accepted') return judgeFailedTrip(publicUrl, odd, seen);
  if (large !== null && large.kind !== 'accepted') return judgeLarge(publicUrl, large);
  if (plain.tookMs > SLOW_MS) {
    return found(
      'slow',
      `${publicUrl} took ${Math.round(plain.tookMs / SECOND)} s to answer; Linq waits ${PATIENCE_MS / SECOND} s.`,
      'Find out what delays requests in the proxy: its access log has the times. `contact-card-reactor status` shows whether the service itself is overloaded.',
      { tookMs: plain.tookMs },
    );
  }
  return (
    instance ??
    fine('round_trip', `Signed deliveries to ${publicUrl} reach this service unchanged, byte for byte.`, {
      publicUrl,
      tookMs: Math.round(plain.tookMs),
    })
  );
}

/** Null: it was this very service. */
function judgeInstance(publicUrl: string, proof: string, local: Answer | null): Finding | null {
  if (local?.kind !== 'accepted') {
    return found(
      'instance_unproven',
      `A contact-card-reactor with this secret answers at ${publicUrl}, but it may not be this one: the service here accepts no deliveries to compare with.`,
      'Run doctor on the service’s machine, or give the service’s own address with --url.',
    );
  }
  if (local.proof === proof) return null;
  return found(
    'another_instance',
    `Another contact-card-reactor with the same secret answers at ${publicUrl}: this one never sees the chats that the other receives.`,
    'Point the proxy to this service only, and stop the other one: two services on one account share twice as often as they should.',
  );
}

function judgeLarge(publicUrl: string, large: Answer): Finding {
  const status =
    'httpStatus' in large ? `HTTP ${large.httpStatus}` : large.kind === 'failed' ? large.cause : large.kind;
  return found(
    'proxy_limits_size',
    `${publicUrl} accepts small deliveries but refuses one of nearly 1 MiB (${status}): a long message would be lost.`,
    'Allow bodies of 1 MiB in the proxy, and enough time for them: in nginx `client_max_body_size 2m;`, in Caddy no `request_body max_size`. Then reload it.',
    { ...large, proof: undefined },
  );
}

type Words = readonly [code: FindingCode, message: string, remedy: string];

const UNCHANGED =
  'The proxy must pass the body on unchanged, byte for byte. Turn off anything that parses, rewrites, compresses or scans bodies (a web application firewall, an API gateway with transformations, a function in between). Plain `reverse_proxy` in Caddy and `proxy_pass` in nginx change nothing.';
const RIGHT_HEADERS =
  'The proxy must pass on webhook-id, webhook-timestamp, webhook-signature and Content-Type unchanged, once each. Remove rules that drop, merge or add headers (nginx: `proxy_set_header` for these names).';

/** Why a test delivery that should have been accepted wasn't. @param answer to the first one that failed */
function judgeFailedTrip(
  publicUrl: string,
  answer: Exclude<Answer, { kind: 'accepted' }>,
  seen: SeenTrip,
): Finding {
  const [code, message, remedy] = describe(publicUrl, answer, seen);
  return found(code, message, remedy, { publicUrl, ...answer });
}

function describe(publicUrl: string, answer: Exclude<Answer, { kind: 'accepted' }>, seen: SeenTrip): Words {
  switch (answer.kind) {
    case 'redirect':
      return [
        'redirected',
        `${publicUrl} answers with a redirect (HTTP ${answer.httpStatus}) to ${answer.target}. Linq doesn’t follow redirects: the delivery is lost.`,
        'Set PUBLIC_URL to the address that answers without a redirect, run `contact-card-reactor setup` so that the subscription points there, and restart the service. Or have the proxy pass /webhooks/linq on instead of redirecting it.',
      ];
    case 'wrong_path':
      return [
        'path_wrong',
        `A contact-card-reactor answers at ${publicUrl}, but the proxy changes the path, so requests don’t arrive at /webhooks/linq.`,
        'Have the proxy pass the path on unchanged: in Caddy `handle` instead of `handle_path`, in nginx `proxy_pass http://127.0.0.1:8080;` without a trailing slash. Or put the prefix that it strips into PUBLIC_URL, before /webhooks/linq.',
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
      return ['proxy_drops_headers', `The proxy at ${publicUrl} drops the signature headers.`, RIGHT_HEADERS];
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
        `Deliveries to ${publicUrl} are stale when they arrive: a proxy delays them, or the answering machine’s clock is wrong.`,
        'Synchronise the clocks of this machine and the answering one (`timedatectl set-ntp true`), and have the proxy pass requests on immediately, not from a queue.',
      ];
    case 'TOO_MANY_FAILURES':
    case 'RATE_LIMITED':
      return [
        'delivery_limited',
        `The service is refusing deliveries through ${publicUrl} for now: too many came from the proxy’s address (${code}).`,
        'If the service is behind a proxy, set TRUST_PROXY (for example TRUST_PROXY=loopback), so that it can tell senders apart, and restart it. Then wait a minute and run doctor again.',
      ];
    case 'BODY_TOO_LARGE':
      return ['proxy_alters_bytes', `The proxy at ${publicUrl} makes bodies larger.`, UNCHANGED];
    default:
      return [
        'service_busy',
        `The service behind ${publicUrl} can’t accept deliveries now (${code}); Linq redelivers for about 25 minutes.`,
        'See the findings about the service, its data directory and its database. If it was just restarted, run doctor again.',
      ];
  }
}

/** The same signature is valid directly but not through the proxy: other bytes, or another service. */
function describeMismatch(publicUrl: string, { plain, local, hasReachedUs }: SeenTrip): Words {
  if (plain.kind === 'accepted') {
    return [
      'proxy_alters_bytes',
      `The proxy at ${publicUrl} rewrites JSON: a plain body arrives unchanged, but one with unusual white space and escapes doesn’t, so Linq’s signatures won’t match.`,
      UNCHANGED,
    ];
  }
  if (local?.kind === 'accepted' && hasReachedUs !== false) {
    const doubt =
      hasReachedUs === true
        ? ''
        : ' Or the request reaches another contact-card-reactor with a different secret.';
    return [
      'proxy_alters_bytes',
      `The proxy at ${publicUrl} alters bodies: a delivery that the service accepts directly has a bad signature when it comes through the proxy.${doubt}`,
      UNCHANGED,
    ];
  }
  return [
    'other_secret_there',
    `A contact-card-reactor with another LINQ_WEBHOOK_SECRET answers at ${publicUrl}, not the one with these settings.`,
    'Point the proxy (or the DNS record) to the machine and port of this service. Or, if the other one is right, run doctor with its settings: --env-file FILE.',
  ];
}

function describeForeign(publicUrl: string, httpStatus: number): Words {
  if (httpStatus === 401 || httpStatus === 403 || httpStatus === 407) {
    return [
      'login_wanted',
      `${publicUrl} refuses requests before they reach the service (HTTP ${httpStatus}): a login, an IP allowlist or a bot filter is in front of it.`,
      'Exempt /webhooks/linq from the login, allowlist or bot filter; signatures protect it. Then reload the proxy.',
    ];
  }
  if (httpStatus === 413) {
    return [
      'proxy_refuses_size',
      `${publicUrl} refuses even a small delivery as too large (HTTP 413).`,
      'Raise the proxy’s limit to at least 1 MiB: in nginx `client_max_body_size 2m;`.',
    ];
  }
  if (httpStatus === 502 || httpStatus === 503 || httpStatus === 504) {
    return [
      'proxy_cannot_reach_service',
      `The proxy at ${publicUrl} can’t reach the service (HTTP ${httpStatus}).`,
      'Point the proxy to the service’s HOST and PORT (default 127.0.0.1:8080; see `contact-card-reactor config show`). In a container, 127.0.0.1 is the container itself: set HOST=0.0.0.0 and use the container’s name.',
    ];
  }
  return [
    'something_else_answers',
    `Something other than contact-card-reactor answers at ${publicUrl} (HTTP ${httpStatus}).`,
    'Have the proxy pass /webhooks/linq on to the service’s HOST and PORT, with all request and response headers, or correct PUBLIC_URL.',
  ];
}

function describeSilence(publicUrl: string, cause: string): Words {
  if (cause === 'timeout') {
    return [
      'too_slow',
      `${publicUrl} accepts the connection but doesn’t answer within 10 s; Linq would give up and redeliver.`,
      'The proxy’s log shows what it waits for: usually it can’t reach the service, or it scans bodies first. The service itself answers within milliseconds.',
    ];
  }
  return [
    'no_answer',
    `${publicUrl} closes the connection without an answer (${cause}).`,
    'The proxy’s error log for this minute says why it dropped the request.',
  ];
}
