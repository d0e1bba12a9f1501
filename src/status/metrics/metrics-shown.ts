import { CATCH_UP_METRICS, LINE_METRICS, SHARING_METRICS } from './metrics-chats.ts';
import type { MetricsRegistry } from './metrics-registry.ts';
import {
  flag,
  type MetricsView,
  ofSeen,
  one,
  type Shown,
  seconds,
  secondsOf,
  showDeliveries,
  showProblems,
} from './metrics-view.ts';

const HEALTH: readonly Shown[] = [
  {
    name: 'ccr_build_info',
    help: 'Always 1; which version runs, on which Node.js and which kind of store.',
    labels: ['version', 'node', 'store'],
    read: ({ version, seen }) => [
      [{ version, node: process.version, store: seen?.overview.store.kind ?? 'unknown' }, 1],
    ],
  },
  {
    name: 'ccr_problem_open',
    help: 'Whether a problem of this code and severity is open: 1 or 0. Every code is always there.',
    labels: ['code', 'severity'],
    read: showProblems,
  },
  {
    name: 'ccr_linq_clock_offset_seconds',
    help: 'Linq’s clock minus this machine’s, by the last answer.',
    read: ({ linqDateOffMs }) => one(seconds(linqDateOffMs)),
  },
  {
    name: 'ccr_paused',
    help: 'Whether an operator stopped all sharing.',
    read: ofSeen(({ overview }) => flag(overview.paused)),
  },
  {
    name: 'ccr_dry_run',
    help: 'Whether shares are only pretended (DRY_RUN).',
    read: ofSeen(({ overview }) => flag(overview.dryRun)),
  },
];

const DELIVERIES: readonly Shown[] = [
  {
    name: 'ccr_deliveries_total',
    help: 'Webhook deliveries by what became of them; cause: why one was rejected. failed: answered 503, so Linq sends it again.',
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
    read: ofSeen(({ situation }) => situation.quarantined.count),
  },
];

const STORAGE: readonly Shown[] = [
  {
    name: 'ccr_store_size_bytes',
    help: 'Size of the database with the files beside it.',
    read: ofSeen(({ overview }) => overview.store.sizeBytes),
  },
  {
    name: 'ccr_disk_free_bytes',
    help: 'Free space of the file system that holds the database.',
    read: ofSeen(({ situation }) => situation.disk?.freeBytes ?? null),
  },
  {
    name: 'ccr_disk_size_bytes',
    help: 'Size of the file system that holds the database.',
    read: ofSeen(({ situation }) => situation.disk?.totalBytes ?? null),
  },
  {
    name: 'ccr_last_backup_timestamp_seconds',
    help: 'When the latest backup was begun.',
    read: ofSeen(({ overview }) => secondsOf(overview.store.lastBackupAt)),
  },
];

const ALL = [...HEALTH, ...DELIVERIES, ...SHARING_METRICS, ...LINE_METRICS, ...CATCH_UP_METRICS, ...STORAGE];

/** Registers them all; what it returns shows them as they are now. */
export function createShownMetrics(registry: MetricsRegistry): (view: MetricsView) => void {
  const all = ALL.map(({ name, help, labels, isCounter, read }) => {
    const show = registry.shown(isCounter ? 'counter' : 'gauge', name, help, labels);
    return (view: MetricsView) => show(read(view));
  });
  return (view) => {
    for (const show of all) show(view);
  };
}
