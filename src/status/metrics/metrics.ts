import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { TRIGGERS, type Trigger } from '../../decide/chat.ts';
import { OUTCOMES, type Outcome } from '../../decide/outcome.ts';
import { HOUR, SECOND } from '../../decide/time.ts';
import { createShownMetrics, type Labels, type MetricsView, type RegisterShown } from './shown-metrics.ts';

interface SettledAttempt {
  readonly trigger: Trigger;
  readonly outcome: Outcome | null;
  readonly lateMs: number;
  readonly tookMs: number;
}

/** Counted as it happens. Frequent events cost about a microsecond each. */
interface Meter {
  /** @param route its pattern, never the path, which may name a chat or a line */
  answered(method: string, route: string | undefined, statusCode: number, tookMs: number): void;
  committed(kind: string, tookMs: number, isStored: boolean): void;
  recorded(events: number): void;
  interrupted(attempts: number): void;
  called(call: string, outcome: string, tookMs: number): void;
  settled(attempt: SettledAttempt): void;
  /** @param field where it occurred; this program names the places, so there are few */
  unreadable(field: string): void;
}

export interface Metrics extends Meter {
  /** All current metrics in the Prometheus text format. */
  render(view: MetricsView): Promise<string>;
  readonly contentType: string;
}

const REQUEST_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5];
const COMMIT_BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5];
/** A call may take 15 s, and an attempt two calls. */
const CALL_BUCKETS = [0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15, 30];
/** From unnoticeable to a missed day. */
const LATENESS_BUCKETS = [0.05, 0.1, 0.5, 1, 5, 15, 60, 300, 600, 1_800, 3_600, 21_600, 86_400];

export function createMetrics(): Metrics {
  const registry = createMetricsRegistry();
  const { counter, histogram } = registry;
  const requests = histogram(
    'ccr_http_request_duration_seconds',
    'Time from a request’s headers to the end of its answer.',
    REQUEST_BUCKETS,
    ['method', 'route', 'status'],
  );
  const commits = histogram(
    'ccr_commit_duration_seconds',
    'Duration of a durable commit: events from webhooks, events from catch-up, claims and outcomes of shares.',
    COMMIT_BUCKETS,
    ['kind'],
  );
  const failedCommits = counter('ccr_commit_failures_total', 'Commits that failed.', ['kind']);
  const events = counter('ccr_events_recorded_total', 'Events merged into the facts of chats and lines.');
  const calls = counter('ccr_linq_calls_total', 'Completed calls to Linq’s API.', ['call', 'outcome']);
  const callTimes = histogram(
    'ccr_linq_call_duration_seconds',
    'Duration of a call to Linq’s API, including its wait for a connection.',
    CALL_BUCKETS,
    ['call'],
  );
  const attempts = counter('ccr_attempts_total', 'Share attempts whose outcome is on disk.', [
    'trigger',
    'outcome',
  ]);
  const cutAttempts = counter(
    'ccr_attempts_interrupted_total',
    'Attempts interrupted by the end of the previous process; they are repeated.',
  );
  const attemptTimes = histogram(
    'ccr_attempt_duration_seconds',
    'Duration of an attempt, from its claim to Linq’s answer.',
    CALL_BUCKETS,
  );
  const lateness = histogram(
    'ccr_share_lateness_seconds',
    'Time from when a chat was due until its attempt began, including waits for pacing, a pause or a held line.',
    LATENESS_BUCKETS,
  );
  const unreadable = counter(
    'ccr_unreadable_fields_total',
    'Optional fields in deliveries and answers from Linq that couldn’t be read; they count as absent.',
    ['field'],
  );
  for (const field of ['data.chat.health_status', 'data.parts[]']) unreadable({ field }, 0);
  for (const trigger of TRIGGERS)
    for (const outcome of OUTCOMES) if (outcome !== 'interrupted') attempts({ trigger, outcome }, 0); // counted separately
  for (const kind of ['events', 'catch_up', 'shares']) failedCommits({ kind }, 0);
  const show = createShownMetrics(registry.shown);

  return {
    answered(method, route, statusCode, tookMs) {
      const status = `${Math.floor(statusCode / 100)}xx`;
      // for unknown routes, the method could be anything
      const labels =
        route === undefined ? { method: 'any', route: 'none', status } : { method, route, status };
      requests(labels, tookMs / SECOND);
    },
    committed(kind, tookMs, isStored) {
      if (isStored) commits({ kind }, tookMs / SECOND);
      else failedCommits({ kind }, 1);
    },
    recorded: (count) => events({}, count),
    interrupted: (count) => cutAttempts({}, count),
    called(call, outcome, tookMs) {
      calls({ call, outcome }, 1);
      callTimes({ call }, tookMs / SECOND);
    },
    settled({ trigger, outcome, lateMs, tookMs }) {
      attempts({ trigger, outcome: outcome ?? 'unknown' }, 1);
      attemptTimes({}, tookMs / SECOND);
      if (trigger !== 'manual') lateness({}, Math.max(0, lateMs) / SECOND);
    },
    unreadable: (field) => unreadable({ field }, 1),
    async render(view) {
      show(view);
      return registry.render();
    },
    contentType: registry.contentType,
  };
}

interface MetricsRegistry {
  counter(name: string, help: string, labelNames?: readonly string[]): (labels: Labels, by: number) => void;
  /** @param buckets upper bounds, in the unit of the name */
  histogram(
    name: string,
    help: string,
    buckets: readonly number[],
    labelNames?: readonly string[],
  ): (labels: Labels, value: number) => void;
  readonly shown: RegisterShown;
  /** The Prometheus text format. */
  render(): Promise<string>;
  readonly contentType: string;
}

/** Metrics of one service and its process; the only file that knows the library. */
function createMetricsRegistry(): MetricsRegistry {
  const registry = new Registry();
  const registers = [registry];
  collectProcessMetrics(registry);

  return {
    counter(name, help, labelNames = []) {
      const counter = new Counter({ name, help, labelNames: [...labelNames], registers });
      return (labels, by) => counter.inc({ ...labels }, by);
    },
    histogram(name, help, buckets, labelNames = []) {
      const histogram = new Histogram({
        name,
        help,
        buckets: [...buckets],
        labelNames: [...labelNames],
        registers,
      });
      return (labels, value) => histogram.observe({ ...labels }, value);
    },
    shown(type, name, help, labelNames = []) {
      const options = { name, help, labelNames: [...labelNames], registers };
      const metric = type === 'gauge' ? new Gauge(options) : new Counter(options);
      return (samples) => {
        metric.reset();
        if (labelNames.length === 0) metric.remove(); // a reset metric has the value 0, which may be wrong
        for (const [labels, value] of samples) if (value !== null) metric.inc({ ...labels }, value);
      };
    },
    render: () => registry.metrics(),
    contentType: registry.contentType,
  };
}

/** Samples the event loop so rarely that an idle process stays asleep; each scrape measures the delay. */
const LOOP_LOOKED_AT_EVERY_MS = HOUR;
/** Loop metrics that need frequent sampling, and gauges that are named like counters. */
const LEFT_OUT = /^nodejs_(eventloop_lag_.+_seconds|active_.+)$/;

function collectProcessMetrics(registry: Registry): void {
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: LOOP_LOOKED_AT_EVERY_MS });
  for (const { name } of registry.getMetricsAsArray()) {
    if (LEFT_OUT.test(name)) registry.removeSingleMetric(name);
  }
}
