import type { EpochMs } from '../../decide/time.ts';
import type { ShowLine } from '../view/chat-view.ts';
import { HOLD_PROBLEMS, type ProblemWords } from '../view/explanation.ts';
import type { Problem } from '../view/schemas.ts';
import { isoTime } from '../view/wording.ts';

/**
 * What each problem means and what to do about it. `LINE` stands for the affected line, `DETAIL` for facts
 * that are known only when it occurs.
 */
const WORDS = {
  ...HOLD_PROBLEMS,
  clock_skew: {
    severity: 'error',
    message:
      'The clock was changed, or it differs from Linq’s by more than 30 s. Sharing waits, so that no window is cut short.',
    remedy:
      'Synchronise the machine’s clock (NTP), or with PostgreSQL its server’s. Sharing resumes with the next answer from Linq whose time agrees.',
  },
  store_failing: {
    severity: 'error',
    message: 'The database can’t be written (DETAIL): deliveries are answered 503 and nothing is shared.',
    remedy:
      'The service log says why. With SQLite, check free disk space and the permissions of the data directory; with PostgreSQL, run `contact-card-reactor doctor`. `reverted` means that the database went back to an earlier moment: stop all replicas, run `contact-card-reactor restore --mark`, and start them. The service resumes once it can write; Linq redelivers for about 25 minutes.',
  },
  unreadable_deliveries: {
    severity: 'warning',
    message: 'Authentic deliveries in quarantine that this version can’t read or store: DETAIL.',
    remedy:
      '`contact-card-reactor quarantine list` shows the causes. Upgrade to a version that reads them, then use `contact-card-reactor quarantine replay`. They are kept for 7 days.',
  },
  chats_parked: {
    severity: 'warning',
    message: 'Chats set aside because the service went down during several attempts in a row: DETAIL.',
    remedy:
      'Find out from the service log why it went down, and fix that. `contact-card-reactor chat list --reason parked` lists the chats; run `contact-card-reactor chat release` for each.',
  },
  webhooks_silent: {
    severity: 'warning',
    message: 'No delivery from Linq was accepted for DETAIL, so new messages may go unnoticed.',
    remedy:
      'If messages were sent meanwhile, run `contact-card-reactor doctor`: it checks the webhook subscription, the path from PUBLIC_URL to this service, and LINQ_WEBHOOK_SECRET. The next delivery from Linq ends this. If such a silence is normal, raise WEBHOOKS_SILENT_AFTER and restart the service.',
  },
  signature_failures: {
    severity: 'warning',
    mayWorsen: true,
    message:
      'Deliveries fail verification: their signature doesn’t match, or it matches but is too old or too new.',
    remedy:
      'The service log (delivery.rejected) says which. `contact-card-reactor doctor` checks the clock, the secret and what a proxy may change. If LINQ_WEBHOOK_SECRET isn’t the subscription’s signing secret, run `contact-card-reactor setup --recreate` and restart the service. The next authentic delivery ends this, including one from `contact-card-reactor doctor`. If some deliveries keep failing between others that pass, it ends 15 minutes after the last failure. Otherwise someone is sending forged deliveries, which do no harm.',
  },
  shares_overdue: {
    severity: 'error',
    message: 'Chats have been due for over 10 minutes longer than SHARE_RATE_PER_LINE explains.',
    remedy:
      'Check the service log (turn.failed, attempt.settled, card.check_failed). If Linq answers slowly, raise SHARE_CONCURRENCY. If nothing is attempted at all, restart the service and report it.',
  },
  disk_low: {
    severity: 'warning',
    message: 'The disk of the database is nearly full: DETAIL left.',
    remedy:
      'Free some space or enlarge the disk. When it is full, deliveries are answered 503 and nothing is shared until there is space again.',
  },
  backup_stale: {
    severity: 'warning',
    message:
      'The latest backup failed, or none was made for twice as long as BACKUP_EVERY. If the disk is lost, everything since the last backup is lost.',
    remedy:
      'Check the service log (backup.failed), and fix the free space or the permissions of BACKUP_DIR. The backup is retried within an hour, and right after a restart of the service; the first success ends this. Meanwhile, `contact-card-reactor backup` makes a copy.',
  },
  catch_up_failing: {
    severity: 'warning',
    message: 'Catch-up keeps failing (DETAIL): what webhooks missed isn’t read from Linq’s API.',
    remedy:
      'Run `contact-card-reactor doctor`: it calls Linq’s API with LINQ_API_KEY at LINQ_API_BASE_URL. Catch-up is retried at least every 15 minutes, and at once by `contact-card-reactor catch-up`. The first run that completes ends this.',
  },
  alerts_failing: {
    severity: 'warning',
    message: 'Alerts are failing (DETAIL): none reaches ALERT_WEBHOOK_URL.',
    remedy:
      'Check that ALERT_WEBHOOK_URL accepts a JSON POST, or correct it and restart the service. Alerts are retried at least every 5 minutes; the first one accepted ends this. After a restart, 15 minutes without an alert to send end it too.',
  },
  settings_differ: {
    severity: 'warning',
    message:
      'Replicas have different settings for what is shared and when, so each decides new messages its own way.',
    remedy:
      'Give all replicas the same settings, and restart those that differed. A minute later all chats are decided anew.',
  },
  subscription_missing: {
    severity: 'error',
    message:
      'Linq has no webhook subscription that points to PUBLIC_URL and carries message.sent, so new messages go unnoticed until the next catch-up.',
    remedy:
      'Check PUBLIC_URL. If it is right, run `contact-card-reactor setup`, which creates the subscription and saves its signing secret, and restart the service. The subscription is rechecked at each start, every hour, and at once by `contact-card-reactor catch-up`.',
  },
  subscription_inactive: {
    severity: 'error',
    message: 'Linq’s webhook subscription for this service is switched off, so new messages go unnoticed.',
    remedy:
      'Run `contact-card-reactor doctor` to check that PUBLIC_URL reaches this service, then `contact-card-reactor setup`, which switches the subscription on again. The subscription is rechecked at each start, every hour, and at once by `contact-card-reactor catch-up`.',
  },
} as const satisfies Readonly<Record<string, ProblemWords>>;

export type ProblemCode = keyof typeof WORDS;

export const PROBLEM_WORDS: Readonly<Record<ProblemCode, ProblemWords>> = WORDS;

/** A problem that is open now. */
export interface OpenProblem {
  readonly code: ProblemCode;
  /** Null: no record says when it began, only that it existed at `noticedAt`. */
  readonly since: EpochMs | null;
  readonly noticedAt?: EpochMs | null;
  readonly line?: string;
  /** Since when it counts as an error, whatever its code says. */
  readonly errorSince?: EpochMs;
  readonly detail?: string;
  /** The replicas that see it, if not all do. */
  readonly replicas?: readonly string[];
}

/** A problem as people and machines see it. */
export function showProblem(
  { code, line: number, detail, errorSince, replicas = [] }: Omit<OpenProblem, 'since' | 'noticedAt'>,
  since: EpochMs,
  showLine: ShowLine,
): Problem {
  const { severity, message, remedy } = PROBLEM_WORDS[code];
  const line = number === undefined ? null : showLine(number);
  const fill = (text: string) =>
    text.replaceAll(/\bLINE\b/g, () => line ?? '').replace(/\bDETAIL\b/, () => detail ?? '?'); // not within a setting's name
  return {
    code,
    severity: errorSince === undefined ? severity : 'error',
    since: isoTime(since),
    line,
    message: `${placeOf(replicas)}${fill(message)}`,
    remedy: fill(remedy),
  };
}

/** As they are called on the status page. */
export const replicaName = (id: string) => id.slice(0, 8);

function placeOf(replicas: readonly string[]): string {
  const names = replicas.map(replicaName).join(', ');
  return replicas.length === 0 ? '' : `On replica${replicas.length === 1 ? '' : 's'} ${names}: `;
}

/** Errors first, then oldest first. */
export function compareProblems(a: Problem, b: Problem): number {
  const rank = ({ severity }: Problem) => (severity === 'error' ? 0 : 1);
  return rank(a) - rank(b) || Date.parse(a.since) - Date.parse(b.since);
}
