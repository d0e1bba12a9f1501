import type { EpochMs } from '../../decide/time.ts';
import { showLine } from '../view/chat-view.ts';
import type { Problem } from '../view/schemas.ts';
import { isoTime } from '../view/wording.ts';

interface ProblemWords extends Pick<Problem, 'severity' | 'message' | 'remedy'> {
  /** It can be an error, too. */
  readonly mayWorsen?: true;
}

/**
 * What each problem means and what to do about it. `LINE` stands for the line it is about, `DETAIL` for what only the
 * moment tells.
 */
const WORDS = {
  api_key_rejected: {
    severity: 'error',
    message: 'Linq rejects the API key, so no card is shared.',
    remedy:
      'Put a valid key into LINQ_API_KEY and restart the service. If Linq accepts the present key again, sharing resumes within 5 minutes.',
  },
  feature_disabled: {
    severity: 'error',
    message: "Linq says that contact cards aren't enabled for this account, so no card is shared.",
    remedy:
      'Ask Linq to enable contact cards for the account. One due chat is tried every hour, and right after a restart of the service; sharing resumes when Linq accepts it.',
  },
  clock_skew: {
    severity: 'error',
    message:
      "This machine's clock was set, or it differs by more than 30 s from Linq's. Sharing waits, so that no window is cut short.",
    remedy:
      "Synchronise the machine's clock (NTP). Sharing resumes with the next answer from Linq whose time agrees.",
  },
  store_failing: {
    severity: 'error',
    message: "The database can't be written (DETAIL): deliveries are answered 503 and nothing is shared.",
    remedy:
      'Check free disk space, the permissions of the data directory and the service log. The service resumes once it can write; Linq redelivers for about 25 minutes.',
  },
  api_unavailable: {
    severity: 'warning',
    mayWorsen: true,
    message: "Linq's API fails for several chats in a row, so shares wait.",
    remedy:
      'The service probes it at least once a minute and resumes automatically. If this lasts, check the network, LINQ_API_BASE_URL and whether Linq reports an outage.',
  },
  card_missing: {
    severity: 'warning',
    message: "LINE has no contact card, so its chats can't get one.",
    remedy:
      'Set up a card for the line, with `setup` or in the Linq dashboard. The card is rechecked every 2 minutes; `line release` rechecks now. To leave a line without a card, leave it out of LINQ_LINES.',
  },
  card_inactive: {
    severity: 'warning',
    message: "The contact card of LINE isn't active, so its chats wait.",
    remedy:
      'Linq usually activates a new card automatically. If it stays inactive, set it up again with Linq. The card is rechecked every 2 minutes; `line release` rechecks now.',
  },
  line_flagged: {
    severity: 'warning',
    message: 'Linq flags LINE (status FLAGGED or reputation CRITICAL), so its chats wait.',
    remedy:
      'Send less from the line, and check what Linq says about it. One chat is tried every 6 hours; `line release` ends the hold now.',
  },
  line_paused: {
    severity: 'warning',
    message: 'Linq refuses calls for LINE for now, so its chats wait.',
    remedy:
      'Sharing resumes automatically after 30 minutes to 6 hours, or when Linq reports the line as active. `line release` ends the hold now.',
  },
  line_not_ours: {
    severity: 'warning',
    message: "Linq says that LINE doesn't belong to this account, so its chats wait.",
    remedy:
      'Check that LINQ_API_KEY is for the account that owns the line, and restart the service. If the account has the line again, use `line release`; if it gave the line up, leave it out of LINQ_LINES and restart. One chat is tried every 6 hours.',
  },
  rate_limited: {
    severity: 'warning',
    message: 'Linq limits the rate of calls, so all shares wait as long as it asked.',
    remedy:
      'Sharing resumes automatically. If this happens often, lower SHARE_RATE_PER_LINE and SHARE_CONCURRENCY, or ask Linq for a higher limit.',
  },
  unreadable_deliveries: {
    severity: 'warning',
    message: "Authentic deliveries in quarantine that this version can't read or store: DETAIL.",
    remedy:
      '`quarantine list` shows the causes. Upgrade to a version that reads them, then run `quarantine replay`. They are kept for 7 days.',
  },
  chats_parked: {
    severity: 'warning',
    message: 'Chats set aside because the service went down during several attempts in a row: DETAIL.',
    remedy:
      'Find out from the service log why it went down, and fix that. `chat list --reason parked` lists the chats; run `chat release` for each.',
  },
  webhooks_silent: {
    severity: 'warning',
    message: 'No delivery from Linq was accepted for DETAIL, so new messages may go unnoticed.',
    remedy:
      'If messages were sent meanwhile, run `doctor`: it checks the webhook subscription, the path from PUBLIC_URL to this service, and LINQ_WEBHOOK_SECRET. The next delivery from Linq ends this. If such a silence is normal, raise WEBHOOKS_SILENT_AFTER and restart the service.',
  },
  signature_failures: {
    severity: 'warning',
    mayWorsen: true,
    message:
      "Deliveries fail verification: their signature doesn't match, or it matches but is too old or too new.",
    remedy:
      "The service log (delivery.rejected) says which. `doctor` checks the clock, the secret and what a proxy may change. If LINQ_WEBHOOK_SECRET isn't the subscription's signing secret, run `setup --recreate` and restart the service. The next authentic delivery ends this, including one from `doctor`. If some deliveries keep failing between others that pass, it ends 15 minutes after the last failure. Otherwise someone is sending forged deliveries, which do no harm.",
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
      'Check the service log (backup.failed), and fix the free space or the permissions of BACKUP_DIR. The backup is retried within an hour, and right after a restart of the service; the first success ends this. Meanwhile, `backup` makes a copy.',
  },
  catch_up_failing: {
    severity: 'warning',
    message: "Catch-up keeps failing (DETAIL): what webhooks missed isn't read from Linq's API.",
    remedy:
      "Run `doctor`: it calls Linq's API with LINQ_API_KEY at LINQ_API_BASE_URL. Catch-up is retried at least every 15 minutes; `catch-up` retries now. The first run that completes ends this.",
  },
  alerts_failing: {
    severity: 'warning',
    message: 'Alerts fail (DETAIL): none reaches ALERT_WEBHOOK_URL.',
    remedy:
      'Check that ALERT_WEBHOOK_URL accepts a JSON POST, or correct it and restart the service. Alerts are retried at least every 5 minutes; the first one accepted ends this. After a restart, 15 minutes without an alert to send end it too.',
  },
  subscription_missing: {
    severity: 'error',
    message:
      'Linq has no webhook subscription that points to PUBLIC_URL and carries message.sent, so new messages go unnoticed until the next catch-up.',
    remedy:
      'Check PUBLIC_URL. If it is right, run `setup`, which creates the subscription and saves its signing secret, and restart the service. The subscription is rechecked at each start and every hour; `catch-up` rechecks now.',
  },
  subscription_inactive: {
    severity: 'error',
    message: "Linq's webhook subscription for this service is switched off, so new messages go unnoticed.",
    remedy:
      'Run `doctor` to see that PUBLIC_URL reaches this service, then `setup`, which switches the subscription on again. The subscription is rechecked at each start and every hour; `catch-up` rechecks now.',
  },
} as const satisfies Readonly<Record<string, ProblemWords>>;

export type ProblemCode = keyof typeof WORDS;

export const PROBLEM_WORDS: Readonly<Record<ProblemCode, ProblemWords>> = WORDS;

/** A problem that is open now. */
export interface OpenProblem {
  readonly code: ProblemCode;
  /** Null: nothing records when it began, only that it was there at `noticedAt`. */
  readonly since: EpochMs | null;
  readonly noticedAt?: EpochMs | null;
  readonly line?: string;
  /** Since when it is worse than its code says: an error. */
  readonly errorSince?: EpochMs;
  readonly detail?: string;
}

/** A problem as people and machines see it. */
export function showProblem(
  { code, line: number, detail, errorSince }: Omit<OpenProblem, 'since' | 'noticedAt'>,
  since: EpochMs,
  showNumbers: boolean,
): Problem {
  const { severity, message, remedy } = PROBLEM_WORDS[code];
  const line = number === undefined ? null : showLine(number, showNumbers);
  const fill = (text: string) =>
    text.replace(/\bLINE\b/, () => line ?? '').replace(/\bDETAIL\b/, () => detail ?? '?'); // not in a setting's name
  return {
    code,
    severity: errorSince === undefined ? severity : 'error',
    since: isoTime(since),
    line,
    message: fill(message),
    remedy: fill(remedy),
  };
}

/** Errors first, then the oldest. */
export function compareProblems(a: Problem, b: Problem): number {
  const rank = ({ severity }: Problem) => (severity === 'error' ? 0 : 1);
  return rank(a) - rank(b) || Date.parse(a.since) - Date.parse(b.since);
}
