import { type Finding, fine, found } from '../finding.ts';

/** One HTTP exchange, before interpretation. */
export type Exchange =
  | {
      readonly kind: 'answered';
      readonly httpStatus: number;
      readonly proof: string | null;
      readonly location: string | null;
      /** The beginning of the body. */
      readonly body: string;
      readonly tookMs: number;
    }
  /** `cause`: a system code, or `timeout`. */
  | { readonly kind: 'failed'; readonly cause: string };

/** The result of a test delivery. */
export type Answer =
  | { readonly kind: 'accepted'; readonly proof: string; readonly tookMs: number }
  /** The webhook route refused it, with one of its own codes. */
  | { readonly kind: 'refused'; readonly httpStatus: number; readonly code: string }
  /** This program answered, but not its webhook route. */
  | { readonly kind: 'wrong_path' }
  | { readonly kind: 'redirect'; readonly httpStatus: number; readonly target: string }
  /** Something else answered: the proxy itself, or another program. */
  | { readonly kind: 'foreign'; readonly httpStatus: number }
  | { readonly kind: 'failed'; readonly cause: string };

/** Codes with which the webhook route refuses. */
const REFUSALS =
  /^(SIGNATURE_(MISSING|MALFORMED|MISMATCH|STALE)|SHUTTING_DOWN|OVERLOADED|NOT_STORED|CLOCK_SUSPECT|BODY_TOO_LARGE|UNSUPPORTED_MEDIA_TYPE|UNSUPPORTED_ENCODING|TOO_MANY_FAILURES|RATE_LIMITED|BROKEN_REQUEST)$/;

/** @param url the request URL, to resolve a relative redirect target */
export function readAnswer(exchange: Exchange, url: string): Answer {
  if (exchange.kind === 'failed') return exchange;
  const { httpStatus, proof, location, tookMs } = exchange;
  if (httpStatus >= 300 && httpStatus <= 399 && location !== null)
    return { kind: 'redirect', httpStatus, target: showTarget(location, url) };
  if (httpStatus === 204 && proof !== null) return { kind: 'accepted', proof, tookMs };
  const code = codeOf(exchange.body, httpStatus);
  if (code !== null && REFUSALS.test(code)) return { kind: 'refused', httpStatus, code };
  return httpStatus === 404 && code === 'NOT_FOUND'
    ? { kind: 'wrong_path' }
    : { kind: 'foreign', httpStatus };
}

/** Scheme, host and path only: a query may hold a secret. */
function showTarget(location: string, url: string): string {
  if (!URL.canParse(location, url)) return 'an unreadable address';
  const { origin, pathname } = new URL(location, url);
  return origin + pathname;
}

/** Accepts only errors in this program's format, so that another program's aren't taken for ours. */
function codeOf(body: string, httpStatus: number): string | null {
  try {
    const json: unknown = JSON.parse(body);
    if (typeof json !== 'object' || json === null) return null;
    const { statusCode, code, error, message } = json as Readonly<Record<string, unknown>>;
    const isOurs = statusCode === httpStatus && typeof error === 'string' && typeof message === 'string';
    return isOurs && typeof code === 'string' ? code : null;
  } catch {
    return null;
  }
}

/** A test delivery directly to the service, without a proxy. */
export function judgeLocalDelivery(answer: Answer, url: string): Finding {
  const details = { url, ...answer, proof: undefined };
  if (answer.kind === 'accepted') {
    return fine(
      'local_delivery',
      `The service at ${url} accepts deliveries signed with LINQ_WEBHOOK_SECRET.`,
      { url },
    );
  }
  if (answer.kind === 'refused' && answer.code === 'SIGNATURE_MISMATCH') {
    return found(
      'service_secret_differs',
      `The service at ${url} runs with a different LINQ_WEBHOOK_SECRET from the one set here.`,
      'Restart the service so that it reads the current settings (`systemctl restart contact-card-reactor`). If it uses other settings, run doctor with those: --env-file FILE.',
      details,
    );
  }
  if (answer.kind === 'refused' && /^(SIGNATURE_STALE|CLOCK_SUSPECT)$/.test(answer.code)) {
    return found(
      'service_clock_differs',
      `The clock of the service at ${url} differs from this machine’s: a fresh signature looks stale to it.`,
      'Synchronise the clocks of both machines: `timedatectl set-ntp true` on each.',
      details,
    );
  }
  const what =
    answer.kind === 'failed'
      ? answer.cause
      : `${answer.kind}${'httpStatus' in answer ? ` ${answer.httpStatus}` : ''}${'code' in answer ? ` ${answer.code}` : ''}`;
  return found(
    'service_refuses',
    `The service at ${url} rejects a signed delivery (${what}).`,
    'Its log says why (delivery.rejected, delivery.failed). If it is an older version than the one installed here, restart it.',
    details,
  );
}
