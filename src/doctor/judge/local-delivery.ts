import { type Finding, fine, found } from '../finding.ts';
import type { Answer } from './answer.ts';

/** A test delivery straight to the service, without any proxy between. */
export function judgeLocalDelivery(answer: Answer, url: string): Finding {
  const details = { url, ...answer, proof: undefined };
  if (answer.kind === 'taken') {
    return fine('local_delivery', `The service at ${url} takes what LINQ_WEBHOOK_SECRET signs.`, { url });
  }
  if (answer.kind === 'refused' && answer.code === 'SIGNATURE_MISMATCH') {
    return found(
      'service_secret_differs',
      `The service at ${url} runs with another LINQ_WEBHOOK_SECRET than the one that is set here.`,
      'Restart the service, so that it reads the present settings (`systemctl restart contact-card-reactor`). If it has settings of its own, run doctor with those: --env-file FILE.',
      details,
    );
  }
  if (answer.kind === 'refused' && /^(SIGNATURE_STALE|CLOCK_SUSPECT)$/.test(answer.code)) {
    return found(
      'service_clock_differs',
      `The service at ${url} has another time than this machine: it finds stale what was signed just now.`,
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
    `The service at ${url} doesn't take a signed delivery (${what}).`,
    'See its log (delivery.rejected, delivery.failed) for why. If it is an older version, restart it, so that the one that is installed runs.',
    details,
  );
}
