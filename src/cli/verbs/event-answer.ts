import type { Answer } from '../../doctor/judge/answer.ts';

/** What an answer to a delivery means, and what to do about it. */
const REFUSALS: ReadonlyMap<string, string> = new Map([
  [
    'SIGNATURE_MISSING',
    "The signature headers didn't arrive: something between drops them, or only legacy ones were sent and ACCEPT_LEGACY_SIGNATURES is false.",
  ],
  [
    'SIGNATURE_MALFORMED',
    'The signature headers arrived, but not as they were sent: something between changes or doubles them.',
  ],
  [
    'SIGNATURE_MISMATCH',
    "The signature doesn't match: the service has another LINQ_WEBHOOK_SECRET, or something between altered the body. `doctor` tells which.",
  ],
  [
    'SIGNATURE_STALE',
    'Correctly signed, but older or newer than WEBHOOK_TOLERANCE allows: a clock is wrong, or --timestamp is.',
  ],
  [
    'CLOCK_SUSPECT',
    'Correctly signed, but the service finds that its own clock is wrong; Linq would send it again.',
  ],
  ['BODY_TOO_LARGE', 'The body is over 1 MiB.'],
  ['UNSUPPORTED_MEDIA_TYPE', "It didn't arrive as application/json."],
  ['UNSUPPORTED_ENCODING', 'It arrived compressed: something between changes bodies.'],
  ['TOO_MANY_FAILURES', 'Too many deliveries from this address failed verification; wait a minute.'],
  ['RATE_LIMITED', 'More deliveries in a minute than WEBHOOK_RATE_LIMIT allows; wait a minute.'],
  ['NOT_STORED', "The service can't store it now (see `status`); Linq would send it again."],
  ['OVERLOADED', 'The service has too many deliveries at once; Linq would send it again.'],
  ['SHUTTING_DOWN', 'The service is shutting down; Linq would send it again.'],
]);

/** @param httpStatus of the answer @param answer as it was read */
export function meaningOf(httpStatus: number, answer: Answer): string {
  if (answer.kind === 'taken') return 'Taken and verified; the service keeps nothing of a probe.';
  if (answer.kind === 'refused') return REFUSALS.get(answer.code) ?? answer.code;
  if (answer.kind === 'redirect')
    return `A redirect to ${answer.target}, which Linq doesn't follow: the delivery would be lost.`;
  if (answer.kind === 'wrong_path')
    return 'A contact-card-reactor, but not its webhook route: is the path /webhooks/linq?';
  if (httpStatus === 204)
    return 'Taken: what it tells is on disk, or there is nothing in it for the service.';
  if (httpStatus === 202)
    return "Authentic, but this version can't read or store it: it is in quarantine (`quarantine list` tells why).";
  return 'This is no answer of contact-card-reactor: something else answers there.';
}
