import type { ProblemNotes } from './problem-notes.ts';

/** Problems of this machine and of the service itself. */
export const OWN_NOTES: ProblemNotes = {
  clock_skew: {
    seen: 'The clock is more than 30 seconds off Linq’s, stands before the time that the service last ran at, or was set while it ran. Nothing is shared by itself meanwhile.',
    confirm:
      '`contact-card-reactor doctor` tells by how many seconds the clock is off; so does `timedatectl`.',
    steps: [
      'Synchronise the clock: `timedatectl set-ntp true`, or what your system has for that. In a virtual machine or container, that of the host.',
      'Wait some seconds: the service asks Linq for the time every 5 seconds.',
    ],
    clears: 'With the next answer of Linq whose time agrees.',
    lost: 'Nothing: shares are late by as long as it lasts. Deliveries that seem stale are answered 503 once it is known that this clock is the wrong one, so that Linq sends them again.',
  },
  store_failing: {
    seen: 'The database can’t be written. `/readyz` answers 503, and so do deliveries, so that Linq sends them again. Nothing is shared.',
    confirm: '`curl -s localhost:8080/readyz` names the failing check; the service log has the error.',
    steps: [
      'Look at the free space of the disk that holds `DATABASE_URL` (`df -h`), and make room.',
      'Look at the owner and mode of the data directory and of the files in it: the service has to be able to write all of them.',
      'Look whether another program has the file open, or the disk was mounted read-only.',
      'If the service ended because the file is damaged, stop it and restore a backup: `contact-card-reactor restore FILE`.',
    ],
    clears: 'By itself, once a write works. It is tried at least every 30 seconds.',
    lost: 'Linq sends deliveries again for about 25 minutes; what is lost after that, catch-up reads.',
  },
  shares_overdue: {
    seen: 'A chat has been due for over 10 minutes longer than the pace (`SHARE_RATE_PER_LINE`) explains. A long queue that drains steadily is no problem, however long it is.',
    confirm:
      '`contact-card-reactor status` shows how many are overdue and for how long. `contact-card-reactor chat list --state due` lists them.',
    steps: [
      'See the service log: `turn.failed` means that the service can’t do its work, `attempt.settled` how long calls take, `card.check_failed` that Linq doesn’t tell a line’s card.',
      'If Linq answers slowly, raise `SHARE_CONCURRENCY` and restart the service.',
      'If nothing is attempted at all, restart the service, and report it with the log.',
    ],
    clears: 'When the chats that were due have had their turn.',
    lost: 'Nothing: shares are late.',
  },
  chats_parked: {
    seen: 'The service went down three times in a row during an attempt of the same chat, so it was set aside.',
    confirm: '`contact-card-reactor chat list --reason parked` lists them.',
    steps: [
      'See why the service went down: its log before each start, the system’s journal, and whether it ran out of memory.',
      'Mend that, or upgrade.',
      'Release each chat: `contact-card-reactor chat release CHAT_ID`.',
    ],
    clears: 'When no chat is parked any more. It doesn’t end by itself.',
    lost: 'The shares of these chats, until they are released.',
  },
  unreadable_deliveries: {
    seen: 'Authentic deliveries that this version can’t read or store were put into quarantine, encrypted, and answered 202.',
    confirm: '`contact-card-reactor quarantine list` shows their type, when they came, and the cause.',
    steps: [
      'If a cause names `LINQ_WEBHOOK_SECRET`, add the secret that was in use when they came, and restart the service.',
      'Otherwise upgrade to a version that reads them; please report the cause.',
      'Run `contact-card-reactor quarantine replay`.',
    ],
    clears: 'When none is left: all were replayed, or they are older than 7 days.',
    lost: 'What these deliveries tell, until they are replayed. If it was a message, catch-up may read it, too.',
  },
  disk_low: {
    seen: 'Less than 1 GiB is free on the disk of the database, or less than a tenth of a small disk.',
    confirm: '`df -h` on the data directory.',
    steps: [
      'Make room or enlarge the disk. Old backups (`BACKUP_DIR`) and copies made before migrations (`*.before-migration-*`) can go elsewhere.',
      'Lower `ATTEMPT_RETENTION` or `BACKUP_KEEP` if the space is used by the service itself, and restart it.',
    ],
    clears: 'By itself, once there is room again.',
    lost: 'Nothing yet. With less than 64 MiB left, the service counts as not ready; when a write fails, see [store_failing](#store_failing).',
  },
  backup_stale: {
    seen: 'The latest scheduled backup failed, or none was made for twice as long as `BACKUP_EVERY`.',
    confirm:
      'The service log says why (`backup.failed`). `store.lastBackupAt` of `contact-card-reactor status --json` tells when the latest was made.',
    steps: [
      'Make room in `BACKUP_DIR`, and let the service write there.',
      'Restart the service: it makes a backup within seconds. Or wait: it is tried again after a minute, then at growing intervals up to an hour.',
      'If you need a copy before that, `contact-card-reactor backup` makes one; it doesn’t end the problem, which is about those that are made by themselves.',
    ],
    clears: 'With the next scheduled backup that works.',
    lost: 'Nothing, unless the disk is lost: then what isn’t in a backup.',
  },
  alerts_failing: {
    seen: 'Three alerts in a row were refused by `ALERT_WEBHOOK_URL`, or didn’t arrive. It is shown everywhere, but not sent as an alert: that wouldn’t arrive either.',
    confirm:
      'The cause is in the message: an HTTP status, or an error of the connection. `alert.failed` in the service log has it, too.',
    steps: [
      'A status of 400 to 499: see that the address is whole, is still valid, and takes a JSON POST with `text` or `content`, as chat tools do.',
      'Anything else: see that this machine reaches the address.',
      'After a change of `ALERT_WEBHOOK_URL`, restart the service. To be told nothing, unset it.',
    ],
    clears:
      'With the first alert that is taken; they are repeated after 1 second, doubling to 5 minutes. After a restart also when there was none to send for 15 minutes.',
    lost: 'Nothing, as long as somebody looks at the page. Alerts of problems that are still open are sent later.',
  },
};
