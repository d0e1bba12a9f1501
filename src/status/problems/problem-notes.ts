import type { ProblemCode } from './problem-words.ts';

/** What an operator who has the problem wants to know, beside its message: on the status page and in docs/problems.md. */
export interface ProblemNote {
  /** An example of what its message says only when it occurs, in place of DETAIL. */
  readonly detail?: string;
  /** How it shows, and its exact condition where the message doesn't say so. */
  readonly seen?: string;
  readonly confirm: string;
  /** One after the other. */
  readonly steps: readonly string[];
  readonly ends: string;
  /** What is lost while it lasts; left out: nothing for good. */
  readonly lost?: string;
}

export const PROBLEM_NOTES: Readonly<Record<ProblemCode, ProblemNote>> = {
  api_key_rejected: {
    confirm: '`contact-card-reactor doctor` shows how Linq responds to the key.',
    steps: [
      'Set `LINQ_API_KEY` to a valid API key from the Linq dashboard, or into the file that `LINQ_API_KEY_FILE` names. `contact-card-reactor config show` says which one is in effect.',
      'Restart the service. It tries the key at once.',
    ],
    ends: 'when Linq accepts the key. It is retried at intervals growing from 5 seconds to 5 minutes.',
  },
  feature_disabled: {
    seen: 'Linq refused a share with code 2011.',
    confirm:
      '`contact-card-reactor chat show CHAT_ID` shows that attempt, with the trace id for Linq’s support.',
    steps: [
      'Ask Linq to enable contact cards (Name and Photo Sharing) for the account.',
      'Restart the service, which tries the next due chat at once. Otherwise one is tried every hour.',
    ],
    ends: 'with the first share that Linq accepts.',
  },
  clock_skew: {
    seen: 'A clock set to a time before the service last ran counts too.',
    confirm: '`contact-card-reactor doctor` and `timedatectl` show by how many seconds the clock is off.',
    steps: [
      'Synchronise the clock: `timedatectl set-ntp true` or similar. For a virtual machine or container, do it on the host; with PostgreSQL, on its server.',
    ],
    ends: 'with the next answer from Linq whose time agrees. The service asks every 5 seconds.',
    lost: 'nothing. Once the service knows that its clock is wrong, it answers 503 to stale deliveries, so that Linq sends them again.',
  },
  store_failing: {
    detail: 'full',
    confirm: '`curl -s localhost:8080/readyz` names the failing check; the service log has the error.',
    steps: [
      'Check free space on the disk that holds `DATABASE_URL` (`df -h`), and make room.',
      'Check the owner and mode of the data directory and its files: the service must be able to write to them.',
      'Check whether another program has the file open, or the disk is mounted read-only.',
      'If the service stopped because the file is damaged: `contact-card-reactor restore FILE`.',
      'With PostgreSQL, run `contact-card-reactor doctor`. `newer`: a newer version migrated it; replace this replica. `reverted`: it went back in time; stop all replicas, `restore --mark`, start them.',
    ],
    ends: 'as soon as a write succeeds. The service tries at least every 30 seconds.',
  },
  shares_overdue: {
    seen: 'A long queue that drains steadily is no problem.',
    confirm:
      '`contact-card-reactor status` shows how many chats are overdue and for how long; `contact-card-reactor chat list --state due` lists them.',
    steps: [
      'Read the service log. `turn.failed`: the service can’t do its work. `attempt.settled`: how long calls take. `card.check_failed`: Linq doesn’t report a line’s card.',
      'If Linq answers slowly, raise `SHARE_CONCURRENCY` and restart the service.',
      'If nothing is attempted at all, restart the service, and report it with the log.',
    ],
    ends: 'when the overdue chats have had their turn.',
  },
  api_unavailable: {
    seen: 'Five different chats in a row failed on their first try: no answer, an error, or an answer that isn’t Linq’s. Or Linq refused five in a row: then the base URL or the key’s account is probably wrong. After ten minutes the warning becomes an error.',
    confirm:
      '`contact-card-reactor doctor` calls Linq and shows the answer; `contact-card-reactor chat show CHAT_ID` shows the latest attempts.',
    steps: [
      'Check this machine’s internet access and DNS.',
      'Check `LINQ_API_BASE_URL`, or unset it. Restart the service after a change.',
      'If Linq reports an outage, wait.',
    ],
    ends: 'with a good answer to a share, or to a card check if no chat can be tried within the hour. Probes come after a second, later every minute. After five refusals the share must succeed, and they are undone.',
  },
  card_missing: {
    confirm: '`contact-card-reactor doctor` asks Linq.',
    steps: [
      'Run `contact-card-reactor setup`, which offers to create the card, or create it in the Linq dashboard.',
      'Wait up to 2 minutes, or run `contact-card-reactor line release LINE` to recheck now.',
      'If the line needs no card, list only the others in `LINQ_LINES` and restart the service.',
    ],
    ends: 'when the check every 2 minutes finds an active card.',
  },
  card_inactive: {
    seen: 'Linq has the card but hasn’t applied it (`is_active` is false).',
    confirm: '`contact-card-reactor doctor` asks Linq.',
    steps: [
      'If the card is new, wait a few minutes: Linq usually activates it automatically.',
      'If it stays inactive, save it again in the Linq dashboard, or ask Linq’s support.',
      'Wait up to 2 minutes, or run `contact-card-reactor line release LINE` to recheck now.',
    ],
    ends: 'when the check every 2 minutes finds it active.',
  },
  line_flagged: {
    confirm: 'The Linq dashboard shows the line’s status, `contact-card-reactor line list` the next try.',
    steps: [
      'Find out from Linq what is wrong, and send less from the line for a while.',
      'When Linq says that the line is fine and the hold is still there, run `contact-card-reactor line release LINE`.',
    ],
    ends: 'when a webhook reports the line as ACTIVE and its reputation as no longer CRITICAL, or when the chat tried every 6 hours gets its card.',
  },
  line_paused: {
    seen: 'Linq refused a share with code 2027 or 4002.',
    confirm: '`contact-card-reactor line list` shows until when.',
    steps: [
      'Wait. The first pause lasts 30 minutes; each further one before a share succeeds lasts twice as long, up to 6 hours.',
      'If you know that the line works again, run `contact-card-reactor line release LINE`.',
    ],
    ends: 'when the pause is over, or when a webhook reports the line as ACTIVE.',
  },
  line_not_ours: {
    seen: 'Linq refused a share with code 2006.',
    confirm: '`contact-card-reactor doctor` compares the account’s lines with those in use here.',
    steps: [
      'If `LINQ_API_KEY` belongs to another account, replace it and restart the service.',
      'If the account has the line back, run `contact-card-reactor line release LINE`.',
      'If the account gave the line up, list the remaining lines in `LINQ_LINES` and restart the service.',
    ],
    ends: 'with the first share on the line that Linq accepts. One chat is tried every 6 hours and after a restart.',
  },
  rate_limited: {
    seen: 'Linq answered 429, or 503 with `Retry-After`.',
    confirm: '`contact-card-reactor chat list --reason rate_limited` shows until when.',
    steps: [
      'Wait: it ends at the time that Linq named, at most 24 hours ahead.',
      'If it returns often, lower `SHARE_RATE_PER_LINE` and `SHARE_CONCURRENCY` and restart the service, or ask Linq for a higher limit.',
    ],
    ends: 'at that time.',
  },
  settings_differ: {
    confirm:
      '`contact-card-reactor config show` on each machine. During a deployment it is usual for a minute.',
    steps: ['Set the same values on every machine, and restart the replicas that differed.'],
    ends: 'when all replicas seen in the last minute agree.',
  },
  subscription_missing: {
    seen: 'Its address must be `PUBLIC_URL` plus `/webhooks/linq`.',
    confirm: '`contact-card-reactor doctor` lists the subscriptions and what is wrong with each.',
    steps: [
      'Check scheme, host and path of `PUBLIC_URL`: Linq must be able to call it.',
      'Run `contact-card-reactor setup`. It creates or completes the subscription and saves its signing secret.',
      'Restart the service, so that it knows the secret.',
      'Run `contact-card-reactor catch-up` to read what was missed.',
    ],
    ends: 'when a check finds it: at each start, every hour, and by `contact-card-reactor catch-up`.',
  },
  subscription_inactive: {
    seen: 'Someone switched it off, or Linq did so after many failed deliveries.',
    confirm: '`contact-card-reactor doctor`, or the Linq dashboard.',
    steps: [
      'Run `contact-card-reactor doctor` and fix what it finds between `PUBLIC_URL` and the service.',
      'Run `contact-card-reactor setup`, which switches the subscription on again.',
      'Run `contact-card-reactor catch-up`, which rechecks the subscription and reads what was missed.',
    ],
    ends: 'when a check finds it active: at each start, every hour, and by `contact-card-reactor catch-up`.',
  },
  unreadable_deliveries: {
    detail: '3',
    seen: 'They are kept encrypted and were answered 202.',
    confirm: '`contact-card-reactor quarantine list` shows type, time and cause.',
    steps: [
      'If a cause names `LINQ_WEBHOOK_SECRET`, add the secret that was in use at the time, and restart the service.',
      'Otherwise upgrade to a version that reads them, and please report the cause.',
      'Run `contact-card-reactor quarantine replay`.',
    ],
    ends: 'when none is left: each was replayed or has expired after 7 days.',
    lost: 'what they report, until they are replayed. Catch-up may read their messages from the API.',
  },
  chats_parked: {
    detail: '2',
    confirm: '`contact-card-reactor chat list --reason parked` lists them.',
    steps: [
      'Find out why the service crashed: its log before each start, the system journal, whether it ran out of memory.',
      'Fix that, or upgrade.',
      'Release each chat: `contact-card-reactor chat release CHAT_ID`.',
    ],
    ends: 'once you have released every parked chat; never automatically.',
    lost: 'the shares of these chats, until you release them.',
  },
  webhooks_silent: {
    detail: '1 d 2 h',
    confirm:
      'Send a message from one of your lines and see whether `webhooks.lastAcceptedAt` in `contact-card-reactor status --json` changes.',
    steps: [
      'Run `contact-card-reactor doctor`, which sends a signed test delivery through `PUBLIC_URL`. Fix what it finds.',
      'Run `contact-card-reactor catch-up` to read what was missed.',
      'If your account is sometimes quiet for this long, raise `WEBHOOKS_SILENT_AFTER` and restart the service.',
    ],
    ends: 'with the next authentic delivery from Linq. Those of `doctor` don’t count.',
  },
  signature_failures: {
    seen: 'Three deliveries in a row, or ten within 15 minutes, had a wrong or stale signature. They are answered 401, and Linq doesn’t repeat them. If nothing has been accepted since startup, one wrong signature is enough, and it is an error.',
    confirm:
      '`delivery.rejected` in the log says whether the signature was wrong or stale, and by how many seconds.',
    steps: [
      'Run `contact-card-reactor doctor`. It checks the clock, and whether a proxy changes bodies.',
      'If signatures are stale, synchronise the clock (NTP).',
      'If they are wrong, put the subscription’s signing secret into `LINQ_WEBHOOK_SECRET`, or create a new one with `contact-card-reactor setup --recreate`, and restart the service.',
      'If a proxy changes bodies, make it pass them on unchanged.',
      'Run `contact-card-reactor catch-up` to read what was missed.',
    ],
    ends: 'with the next authentic delivery, one from `doctor` included. If good deliveries come in between, after 15 minutes without a failure. Forgeries need no action.',
  },
  disk_low: {
    detail: '812 MiB',
    seen: 'Less than 1 GiB is free, or less than a tenth of a small disk.',
    confirm: '`df -h` on the data directory.',
    steps: [
      'Make room or enlarge the disk. You can move old backups (`BACKUP_DIR`) and copies made before migrations (`*.before-migration-*`).',
      'If the service itself uses the space, lower `ATTEMPT_RETENTION` or `BACKUP_KEEP` and restart it.',
    ],
    ends: 'when there is room again.',
    lost: 'nothing yet. Below 64 MiB the service counts as not ready. When a write fails, see [store_failing](#store_failing).',
  },
  backup_stale: {
    confirm:
      '`backup.failed` in the service log says why; `contact-card-reactor status` says when the latest was made.',
    steps: [
      'Make room in `BACKUP_DIR`, and let the service write there.',
      'Restart the service: it makes a backup within seconds.',
      'If you need a copy now: `contact-card-reactor backup` (it doesn’t end the problem).',
    ],
    ends: 'with the next scheduled backup that succeeds.',
    lost: 'nothing, unless the disk fails.',
  },
  catch_up_failing: {
    detail: 'http_503',
    seen: 'Three runs in a row failed, or runs have failed for two hours. A run fails after five failed calls in a row, or at once if Linq refuses a call.',
    confirm:
      'The message and `catch-up.failed` in the log give the cause: a status (`http_503`), a Linq code (`linq_3006`) or a connection error.',
    steps: [
      'Run `contact-card-reactor doctor`. It calls Linq’s API and shows the answer.',
      'Check `LINQ_API_BASE_URL`, and that this machine reaches the internet.',
      'Run `contact-card-reactor catch-up`: it resumes at once where it stopped.',
      'If Linq keeps refusing the call, report it with the code.',
    ],
    ends: 'with the first run that completes. It is retried at least every 15 minutes.',
    lost: 'nothing for good, but what webhooks missed stays unknown until then.',
  },
  alerts_failing: {
    detail: 'HTTP 400',
    seen: '`ALERT_WEBHOOK_URL` refused three alerts in a row, or they didn’t arrive.',
    confirm:
      'The message and `alert.failed` in the log give the cause: an HTTP status or a connection error.',
    steps: [
      'For a status from 400 to 499: check that the address is complete and still valid, and accepts a JSON POST with `text` or `content`, as chat tools do.',
      'For anything else: check that this machine reaches the address.',
      'After you change `ALERT_WEBHOOK_URL`, restart the service. Unset it if you want no alerts.',
    ],
    ends: 'with the first alert that is accepted (retried at intervals from 1 second to 5 minutes), or 15 minutes after a restart if there was none to send.',
    lost: 'nothing: alerts for problems that are still open are sent later.',
  },
};
