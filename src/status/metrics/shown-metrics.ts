import type { CatchUpActivity } from '../../catch-up/catch-up.ts';
import { CHAT_STATES } from '../../decide/chat.ts';
import { ACCOUNT_HOLDS, CARD_HOLDS, CARD_STATES, LINE_HOLDS, standingHold } from '../../decide/holds.ts';
import { SECOND } from '../../decide/time.ts';
import type { WebhookCounters } from '../../webhook/report.ts';
import type { ServiceView } from '../api/overview.ts';
import { PROBLEM_WORDS, type ProblemCode } from '../problems/problem-words.ts';

export type Labels = Readonly<Record<string, string>>;
/** Null: unknown, so the metric is omitted. */
export type Sample = readonly [labels: Labels, value: number | null];

/** Replaces all samples shown before. `counter`: counted elsewhere, only shown here. */
export type RegisterShown = (
  type: 'gauge' | 'counter',
  name: string,
  help: string,
  labelNames?: readonly string[],
) => (samples: readonly Sample[]) => void;

/** The source of all metrics that aren't counted as they happen, all from the same moment. */
export interface MetricsView {
  readonly version: string;
  readonly webhooks: WebhookCounters;
  readonly problems: readonly { readonly code: string; readonly severity: string }[];
  /** Linq's clock minus ours; null: unknown. */
  readonly linqDateOffMs: number | null;
  /** This replica does what must be done once. */
  readonly isLeader: boolean;
  /** Null: the store can't be read. */
  readonly seen: ServiceView | null;
}

/** A metric read from elsewhere at each scrape. Its label values are short words, never an id. */
interface Shown {
  readonly name: string;
  readonly help: string;
  readonly labels?: readonly string[];
  readonly isCounter?: true;
  readonly read: (view: MetricsView) => readonly Sample[];
}

/** A metric that is unavailable while the store can't be read. */
const ofSeen = (read: (seen: ServiceView) => readonly Sample[] | number | null) => (view: MetricsView) => {
  if (view.seen === null) return [];
  const samples = read(view.seen);
  return typeof samples === 'number' || samples === null ? one(samples) : samples;
};

const one = (value: number | null): readonly Sample[] => [[{}, value]];
const flag = (is: boolean) => (is ? 1 : 0);
const seconds = (ms: number | null) => (ms === null ? null : ms / SECOND);
const secondsOf = (time: string | null) => seconds(time === null ? null : Date.parse(time));

/** One sample per possible label value. */
function each<V extends string>(label: string, values: readonly V[], read: (value: V) => number): Sample[] {
  return values.map((value) => [{ [label]: value }, read(value)]);
}

const HEALTH: readonly Shown[] = [
  {
    name: 'ccr_build_info',
    help: 'Always 1; the labels give the version, Node.js and the kind of store.',
    labels: ['version', 'node', 'store'],
    read: ({ version, seen }) => [
      [{ version, node: process.version, store: seen?.overview.store.kind ?? 'unknown' }, 1],
    ],
  },
  {
    name: 'ccr_problem_open',
    help: 'Whether a problem of this code and severity is open: 1 or 0. Every code is always present.',
    labels: ['code', 'severity'],
    read: showProblems,
  },
  {
    name: 'ccr_leader',
    help: 'Whether this replica does what must be done only once, such as catching up: 1 or 0. With SQLite always 1.',
    read: ({ isLeader }) => one(flag(isLeader)),
  },
  {
    name: 'ccr_replicas',
    help: 'Replicas that share the database, this one included, as each replica sees them.',
    read: ofSeen(({ overview }) => overview.replicas.length),
  },
  {
    name: 'ccr_linq_clock_offset_seconds',
    help: 'Linq’s clock minus this machine’s, as of the last answer.',
    read: ({ linqDateOffMs }) => one(seconds(linqDateOffMs)),
  },
  {
    name: 'ccr_paused',
    help: 'Whether an operator stopped all sharing.',
    read: ofSeen(({ overview }) => flag(overview.paused)),
  },
  {
    name: 'ccr_dry_run',
    help: 'Whether shares are only recorded (DRY_RUN).',
    read: ofSeen(({ overview }) => flag(overview.dryRun)),
  },
];

const DELIVERIES: readonly Shown[] = [
  {
    name: 'ccr_deliveries_total',
    help: 'Webhook deliveries by verdict; cause: why one was rejected. failed: answered 503, so Linq sends it again.',
    labels: ['verdict', 'cause'],
    isCounter: true,
    read: showDeliveries,
  },
  {
    name: 'ccr_last_delivery_timestamp_seconds',
    help: 'When the last authentic delivery was answered 2xx.',
    read: ({ webhooks }) => one(seconds(webhooks.lastAcceptedAt)),
  },
  {
    name: 'ccr_quarantined_deliveries',
    help: 'Authentic deliveries in quarantine.',
    read: ofSeen(({ snapshot }) => snapshot.quarantined.count),
  },
];

const LINE_REASONS = ['line_excluded', ...LINE_HOLDS, ...CARD_HOLDS] as const;
const ACTIVITIES: readonly CatchUpActivity[] = ['idle', 'running', 'waiting', 'failed', 'off'];

const SHARING_METRICS: readonly Shown[] = [
  {
    name: 'ccr_chats',
    help: 'Chats by the state shown, including holds of the account or a line.',
    labels: ['state'],
    read: ofSeen(({ overview }) => each('state', CHAT_STATES, (state) => overview.chats.byState[state])),
  },
  {
    name: 'ccr_overdue_chats',
    help: 'Chats that are due, not held, and whose attempt hasn’t begun.',
    read: ofSeen(({ overview }) => overview.shares.overdue),
  },
  {
    name: 'ccr_oldest_overdue_seconds',
    help: 'How long the oldest overdue chat has been due; 0: none is overdue.',
    read: ofSeen(({ overview }) => overview.shares.oldestOverdueSeconds ?? 0),
  },
  {
    name: 'ccr_next_due_timestamp_seconds',
    help: 'When the next chat that isn’t held is due.',
    read: ofSeen(({ overview }) => secondsOf(overview.shares.nextDueAt)),
  },
  {
    name: 'ccr_last_share_timestamp_seconds',
    help: 'When Linq last accepted a share.',
    read: ofSeen(({ overview }) => secondsOf(overview.shares.lastSucceededAt)),
  },
  {
    name: 'ccr_attempts_in_flight',
    help: 'Attempts in progress.',
    read: ofSeen(({ snapshot }) => snapshot.dispatcher.inFlight),
  },
  {
    name: 'ccr_account_closed',
    help: 'Whether this reason closes the whole account to automatic shares: 1 or 0. api_unavailable is the breaker.',
    labels: ['reason'],
    read: ofSeen(showAccount),
  },
];

const LINE_METRICS: readonly Shown[] = [
  {
    name: 'ccr_lines',
    help: 'Your lines by the state of their contact card.',
    labels: ['card'],
    read: ofSeen(({ overview: { lines } }) =>
      each('card', CARD_STATES, (card) => lines.filter((line) => line.card.state === card).length),
    ),
  },
  {
    name: 'ccr_lines_closed',
    help: 'Your lines that are closed to automatic shares, by the first reason.',
    labels: ['reason'],
    read: ofSeen(({ overview: { lines } }) =>
      each('reason', LINE_REASONS, (reason) => lines.filter(({ hold }) => hold === reason).length),
    ),
  },
];

const CATCH_UP_METRICS: readonly Shown[] = [
  {
    name: 'ccr_catch_up_state',
    help: '1 for what catch-up is doing now, 0 for the rest. off: runs only on demand.',
    labels: ['state'],
    read: ofSeen(({ overview: { catchUp } }) =>
      each('state', ACTIVITIES, (state) => flag(catchUp.state === state)),
    ),
  },
  {
    name: 'ccr_catch_up_chats',
    help: 'Chats in the current catch-up, or else the last one: listed by Linq, processed, read, changed, and unreadable.',
    labels: ['progress'],
    read: ofSeen(({ overview: { catchUp } }) => [
      [{ progress: 'listed' }, catchUp.chatsTotal],
      [{ progress: 'seen' }, catchUp.chatsSeen],
      [{ progress: 'read' }, catchUp.chatsRead],
      [{ progress: 'changed' }, catchUp.chatsChanged],
      [{ progress: 'unread' }, catchUp.chatsUnread],
    ]),
  },
  {
    name: 'ccr_catch_up_completed_timestamp_seconds',
    help: 'When the last catch-up completed.',
    read: ofSeen(({ overview }) => secondsOf(overview.catchUp.lastCompletedAt)),
  },
];

const STORAGE: readonly Shown[] = [
  {
    name: 'ccr_store_size_bytes',
    help: 'Size of the database, including the files beside it.',
    read: ofSeen(({ overview }) => overview.store.sizeBytes),
  },
  {
    name: 'ccr_disk_free_bytes',
    help: 'Free space of the file system that holds the database.',
    read: ofSeen(({ snapshot }) => snapshot.disk?.freeBytes ?? null),
  },
  {
    name: 'ccr_disk_size_bytes',
    help: 'Size of the file system that holds the database.',
    read: ofSeen(({ snapshot }) => snapshot.disk?.totalBytes ?? null),
  },
  {
    name: 'ccr_last_backup_timestamp_seconds',
    help: 'When the latest scheduled backup began.',
    read: ofSeen(({ overview }) => secondsOf(overview.store.lastBackupAt)),
  },
];

const ALL = [...HEALTH, ...DELIVERIES, ...SHARING_METRICS, ...LINE_METRICS, ...CATCH_UP_METRICS, ...STORAGE];

/** Registers them all; call the returned function to update them. */
export function createShownMetrics(register: RegisterShown): (view: MetricsView) => void {
  const all = ALL.map(({ name, help, labels, isCounter, read }) => {
    const show = register(isCounter ? 'counter' : 'gauge', name, help, labels);
    return (view: MetricsView) => show(read(view));
  });
  return (view) => {
    for (const show of all) show(view);
  };
}

function showProblems({ problems }: MetricsView): Sample[] {
  return (Object.keys(PROBLEM_WORDS) as ProblemCode[]).flatMap((code): Sample[] => {
    const { severity: usual, mayWorsen } = PROBLEM_WORDS[code];
    const severities = mayWorsen ? ['warning', 'error'] : [usual];
    return severities.map((severity) => {
      const isOpen = problems.some((problem) => problem.code === code && problem.severity === severity);
      return [{ code, severity }, flag(isOpen)];
    });
  });
}

function showDeliveries({ webhooks }: MetricsView): Sample[] {
  const { accepted, ignored, quarantined, failed, rejected } = webhooks;
  const taken = { accepted, ignored, quarantined, failed };
  return [
    ...Object.entries(taken).map(([verdict, count]): Sample => [{ verdict }, count]),
    ...Object.entries(rejected).map(([cause, count]): Sample => [{ verdict: 'rejected', cause }, count]),
  ];
}

/** Checks each reason separately: several may close the account at once. */
function showAccount({ snapshot: { dispatcher, now } }: ServiceView): Sample[] {
  return each('reason', ACCOUNT_HOLDS, (reason) =>
    flag(standingHold(dispatcher.holds, reason, now) !== null),
  );
}
