import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { HOUR } from '../../decide/time.ts';

export type Labels = Readonly<Record<string, string>>;
/** Null: not known, so that nothing is said of it. */
export type Sample = readonly [labels: Labels, value: number | null];

export interface MetricsRegistry {
  /** Counts up. */
  counter(name: string, help: string, labelNames?: readonly string[]): (labels: Labels, by: number) => void;
  /** @param buckets upper bounds, in the unit of the name */
  histogram(
    name: string,
    help: string,
    buckets: readonly number[],
    labelNames?: readonly string[],
  ): (labels: Labels, value: number) => void;
  /** Takes the place of all samples that were shown before. `counter`: counted elsewhere, and only shown here. */
  shown(
    type: 'gauge' | 'counter',
    name: string,
    help: string,
    labelNames?: readonly string[],
  ): (samples: readonly Sample[]) => void;
  /** The text format of Prometheus. */
  render(): Promise<string>;
  readonly contentType: string;
}

/** Metrics of one service and of its process; the only file that knows the library. */
export function createMetricsRegistry(): MetricsRegistry {
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
        if (labelNames.length === 0) metric.remove(); // a reset one has the value 0, which may be wrong
        for (const [labels, value] of samples) if (value !== null) metric.inc({ ...labels }, value);
      };
    },
    render: () => registry.metrics(),
    contentType: registry.contentType,
  };
}

/** Looks at the event loop so seldom that an idle process goes on sleeping; its delay is measured at each scrape. */
const LOOP_LOOKED_AT_EVERY_MS = HOUR;
/** What only frequent looks could tell of the loop, and gauges that are named like counters. */
const LEFT_OUT = /^nodejs_(eventloop_lag_.+_seconds|active_.+)$/;

function collectProcessMetrics(registry: Registry): void {
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: LOOP_LOOKED_AT_EVERY_MS });
  for (const { name } of registry.getMetricsAsArray()) {
    if (LEFT_OUT.test(name)) registry.removeSingleMetric(name);
  }
}
