import { SECOND } from '../../decide/time.ts';
import { type Finding, fine, found, skipped } from '../finding.ts';
import type { Answer } from './answer.ts';
import { judgeFailedTrip } from './failed-trip.ts';

/** What became of the test deliveries to PUBLIC_URL. Null: not sent, since an earlier one told enough. */
export interface SeenTrip {
  /** Compact JSON, as most senders write it. */
  readonly plain: Answer;
  /** JSON with odd white space, escapes, numbers and order of keys: whoever parses it and writes it anew changes it. */
  readonly odd: Answer | null;
  /** Nearly as large as a delivery may be. */
  readonly large: Answer | null;
  /** The plain one, straight to the service; null when that doesn't run here. */
  readonly local: Answer | null;
  /** Whether the service counted a refused signature meanwhile; null: unknown. */
  readonly hasReachedUs: boolean | null;
}

/** Linq waits so long for an answer. */
const PATIENCE_MS = 10 * SECOND;
/** Half of that leaves no room for a bad day. */
const SLOW_MS = PATIENCE_MS / 2;
/** What a proxy answers while nobody listens behind it. */
const GATEWAY_ERRORS: readonly number[] = [502, 503, 504];

export function judgeRoundTrip(publicUrl: string, seen: SeenTrip): Finding {
  const { plain, odd, large } = seen;
  if (plain.kind === 'foreign' && seen.local === null && GATEWAY_ERRORS.includes(plain.httpStatus)) {
    return skipped(
      'round_trip',
      `The proxy answers (HTTP ${plain.httpStatus}), and the service behind it doesn't run yet: start it, then let doctor look again.`,
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
      `A contact-card-reactor with this secret answers at ${publicUrl}; whether it is the one meant can't be told, since none takes deliveries here.`,
      'Run doctor on the machine of the service, or name the address at which the service itself listens with --url.',
    );
  }
  if (local.proof === proof) return null;
  return found(
    'another_instance',
    `At ${publicUrl} another contact-card-reactor with the same secret answers, not the one that runs here: the chats it hears of are unknown here.`,
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
