import { accountClosure } from '../../decide/holds.ts';
import { type EpochMs, SECOND } from '../../decide/time.ts';
import type { WebhookCounters } from '../../webhook/report.ts';
import type { Overview } from '../api/schemas.ts';
import { PROBLEM_WORDS, type ProblemCode } from '../problems/problem-words.ts';
import type { Situation } from '../view/situation.ts';
import type { Sample } from './metrics-registry.ts';

/** What the metrics are read from that nobody counts while it happens; all of one moment. */
export interface MetricsView {
  readonly version: string;
  readonly webhooks: WebhookCounters;
  readonly problems: readonly { readonly code: string; readonly severity: string }[];
  /** Linq's clock minus ours; null: not known. */
  readonly linqDateOffMs: number | null;
  /** Null: the store can't be read. */
  readonly seen: { readonly overview: Overview; readonly situation: Situation } | null;
}

/** A metric that is read from elsewhere at each scrape. Its labels' values are a few words each, never an id. */
export interface Shown {
  readonly name: string;
  readonly help: string;
  readonly labels?: readonly string[];
  readonly isCounter?: true;
  readonly read: (view: MetricsView) => readonly Sample[];
}

type Seen = NonNullable<MetricsView['seen']>;

/** A metric of what can't be seen while the store can't be read. */
export const ofSeen = (read: (seen: Seen) => readonly Sample[] | number | null) => (view: MetricsView) => {
  if (view.seen === null) return [];
  const samples = read(view.seen);
  return typeof samples === 'number' || samples === null ? one(samples) : samples;
};

export const one = (value: number | null): readonly Sample[] => [[{}, value]];
export const flag = (is: boolean) => (is ? 1 : 0);
export const seconds = (ms: number | null) => (ms === null ? null : ms / SECOND);
export const secondsOf = (time: string | null) => seconds(time === null ? null : Date.parse(time));

/** One sample for each value that the label can have. */
export function each<V extends string>(
  label: string,
  values: readonly V[],
  read: (value: V) => number,
): Sample[] {
  return values.map((value) => [{ [label]: value }, read(value)]);
}

export function showProblems({ problems }: MetricsView): Sample[] {
  return (Object.keys(PROBLEM_WORDS) as ProblemCode[]).flatMap((code): Sample[] => {
    const { severity: usual, mayWorsen } = PROBLEM_WORDS[code];
    const severities = mayWorsen ? ['warning', 'error'] : [usual];
    return severities.map((severity) => {
      const isOpen = problems.some((problem) => problem.code === code && problem.severity === severity);
      return [{ code, severity }, flag(isOpen)];
    });
  });
}

export function showDeliveries({ webhooks }: MetricsView): Sample[] {
  const { accepted, ignored, quarantined, failed, rejected } = webhooks;
  const taken = { accepted, ignored, quarantined, failed };
  return [
    ...Object.entries(taken).map(([verdict, count]): Sample => [{ verdict }, count]),
    ...Object.entries(rejected).map(([cause, count]): Sample => [{ verdict: 'rejected', cause }, count]),
  ];
}

const ACCOUNT_REASONS = [
  'paused',
  'api_key_rejected',
  'feature_disabled',
  'rate_limited',
  'api_unavailable',
] as const;

/** Each reason is looked at alone: several may close the account at once. */
export function showAccount({ situation: { gates, now } }: Seen): Sample[] {
  return each('reason', ACCOUNT_REASONS, (reason) => flag(isClosed(gates.holds, reason, now)));
}

const isClosed = (holds: Situation['gates']['holds'], reason: string, now: EpochMs) =>
  accountClosure(
    holds.filter((hold) => hold.reason === reason),
    now,
  ) !== null;
