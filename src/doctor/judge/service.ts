import { maskNumber } from '../../decide/text.ts';
import type { Problem } from '../../status/view/schemas.ts';
import { type Finding, fine, found, skipped } from '../finding.ts';

/** What answers at HOST:PORT. */
export type SeenService =
  /** Nothing. `cause`: the system's error code. */
  | { readonly kind: 'silent'; readonly cause: string }
  | { readonly kind: 'foreign'; readonly httpStatus: number }
  /** This service; `notReady` lists the failing checks, in words. */
  | { readonly kind: 'up'; readonly notReady: readonly string[] };

export function judgeService(
  url: string,
  seen: SeenService,
  { isExpected, isDatabaseLocked }: { readonly isExpected: boolean; readonly isDatabaseLocked: boolean },
): Finding {
  const details = { url };
  if (seen.kind === 'silent' && isDatabaseLocked) {
    return found(
      'service_elsewhere',
      `A process uses the database, but nothing answers at ${url} (${seen.cause}).`,
      'The service listens elsewhere: its log has the address (service.started). Pass it with --url, or set HOST and PORT here to the service’s values.',
      { ...details, cause: seen.cause },
    );
  }
  if (seen.kind === 'silent') {
    if (!isExpected) return skipped('service', `It isn’t running yet (nothing answers at ${url}).`);
    return found(
      'service_down',
      `It isn’t running: nothing answers at ${url} (${seen.cause}).`,
      'Start it with `contact-card-reactor serve` (or `systemctl start contact-card-reactor`); if it stops again, its last log line says why. If it listens elsewhere, pass its address with --url.',
      { ...details, cause: seen.cause },
    );
  }
  if (seen.kind === 'foreign') {
    return found(
      'service_foreign',
      `Another program answers at ${url} (HTTP ${seen.httpStatus} to GET /healthz).`,
      'Stop that program; or set another PORT, restart the service, and point the proxy to that port.',
      { ...details, httpStatus: seen.httpStatus },
    );
  }
  if (seen.notReady.length > 0) {
    return found(
      'service_not_ready',
      `It runs at ${url}, but isn’t ready: ${seen.notReady.join('; ')}.`,
      'Fix what the findings on the data directory and the database say; the service then resumes automatically. If both are fine, check its log and restart it.',
      { ...details, notReady: seen.notReady },
    );
  }
  return fine('service', `It runs at ${url} and is ready.`, details);
}

/** The service's own view, or the HTTP status with which it doesn't report it; 0: no answer. */
export type SeenStatus =
  | { readonly kind: 'shown'; readonly problems: readonly Problem[] }
  | { readonly kind: 'refused'; readonly httpStatus: number };

/**
 * Turns each open problem into a finding with the service's own remedy.
 * @param hasCliToken the service has a token for the command line of its own machine
 */
export function judgeProblems(seen: SeenStatus, hasCliToken: boolean): readonly Finding[] {
  if (seen.kind === 'refused') {
    const why = unreadFor(seen.httpStatus);
    if (why !== null) return [skipped('problems', `GET /status ${why}.`)];
    return [
      found(
        'status_closed',
        `The service doesn’t show its problems (HTTP ${seen.httpStatus} to GET /status): the token is missing or wrong.`,
        hasCliToken
          ? 'Set STATUS_TOKEN to the service’s token, or run doctor on its machine, as its user and in its directory.'
          : 'Set STATUS_TOKEN for the service, and the same here.',
        { httpStatus: seen.httpStatus },
      ),
    ];
  }
  if (seen.problems.length === 0) return [fine('problems', 'None.')];
  return seen.problems.map(({ code, severity, since, line, message, remedy }) =>
    found(
      severity === 'error' ? 'problem_error' : 'problem_warning',
      `${code}: ${hideNumbers(message)}`,
      hideNumbers(remedy),
      { problem: code, since, line: line === null ? null : hideNumbers(line) },
    ),
  );
}

/** Null: for want of the right token. */
function unreadFor(httpStatus: number): string | null {
  if ([401, 403, 429].includes(httpStatus)) return null;
  if (httpStatus === 0) return 'gave no answer';
  return httpStatus === 200
    ? 'answered in a form that this version doesn’t know'
    : `answered HTTP ${httpStatus}`;
}

/** With SHOW_NUMBERS the service reports full numbers, but doctor's output is meant to be shared. */
const hideNumbers = (text: string) => text.replaceAll(/\+\d{8,15}/g, maskNumber);
