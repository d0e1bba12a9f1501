import { type Finding, fine, found, skipped } from '../finding.ts';

/** What answers at HOST:PORT. */
export type SeenService =
  /** Nothing. `cause`: a system code. */
  | { readonly kind: 'silent'; readonly cause: string }
  | { readonly kind: 'foreign'; readonly httpStatus: number }
  /** This service; `notReady` are the checks that fail, in words. */
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
      `A process works on the database, but nothing answers at ${url} (${seen.cause}).`,
      'The service listens elsewhere: its log tells the address (service.started). Name it with --url, or set HOST and PORT here as the service has them.',
      { ...details, cause: seen.cause },
    );
  }
  if (seen.kind === 'silent') {
    if (!isExpected) return skipped('service', `It isn't running yet (nothing answers at ${url}).`);
    return found(
      'service_down',
      `It isn't running: nothing answers at ${url} (${seen.cause}).`,
      'Start it with `contact-card-reactor serve` (or `systemctl start contact-card-reactor`); if it ends again, its last log line says why. If it listens elsewhere, name its address with --url.',
      { ...details, cause: seen.cause },
    );
  }
  if (seen.kind === 'foreign') {
    return found(
      'service_foreign',
      `Another program answers at ${url} (HTTP ${seen.httpStatus} to GET /healthz).`,
      'Stop that program, or set PORT to another one and restart the service; then let the proxy lead there.',
      { ...details, httpStatus: seen.httpStatus },
    );
  }
  if (seen.notReady.length > 0) {
    return found(
      'service_not_ready',
      `It runs at ${url}, but can't do its work: ${seen.notReady.join('; ')}.`,
      'The finding about the data directory or the database says what to do; the service goes on by itself. If neither complains, see its log, and restart it.',
      { ...details, notReady: seen.notReady },
    );
  }
  return fine('service', `It runs at ${url} and is ready.`, details);
}
