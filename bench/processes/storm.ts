import { connect } from 'node:net';
import { answerParent } from '../child.ts';
import { buildDeliveries, type DeliveryPlan } from '../deliveries.ts';
import { percentile } from '../stats.ts';

export type StormQuestion =
  | ({ readonly kind: 'build' } & DeliveryPlan)
  /** Opens the connections at once. Each delivers at least once, and again until `forMs` have passed. */
  | {
      readonly kind: 'run';
      readonly port: number;
      readonly connections: number;
      readonly forMs: number;
    };

export interface StormAnswer {
  /** Deliveries answered 204. */
  readonly accepted: number;
  /** Deliveries answered otherwise. */
  readonly refused: number;
  /** Connections that ended with an error before the answer. */
  readonly reset: number;
  /** Connections that the service closed before the answer. */
  readonly closed: number;
  /** Connections that had no answer in the end. */
  readonly unanswered: number;
  /** From sending a delivery, or for the first one from connecting, until its answer. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
  readonly maxMs: number;
}

/** No answer comes any more: TCP has tried for a minute to connect. */
const GIVE_UP_MS = 90_000;
/** Answers have no body, so each comes in one piece. */
const ACCEPTED = 'HTTP/1.1 204';

/** Whole requests. */
let deliveries: Buffer[] = [];

interface Storm {
  readonly tookMs: number[];
  refused: number;
  reset: number;
  closed: number;
  unanswered: number;
}

function openOne(storm: Storm, port: number, until: number): Promise<void> {
  return new Promise((resolve) => {
    let sentAt = performance.now();
    const socket = connect({ host: '127.0.0.1', port, noDelay: true });
    const end = (how: 'reset' | 'closed' | 'unanswered' | null) => {
      if (how !== null) storm[how]++;
      clearTimeout(timer);
      socket
        .removeAllListeners()
        .on('error', () => {})
        .destroy();
      resolve();
    };
    const timer = setTimeout(() => end('unanswered'), GIVE_UP_MS);
    socket.on('error', () => end('reset'));
    socket.on('close', () => end('closed'));
    socket.on('data', (answer) => {
      const now = performance.now();
      storm.tookMs.push(now - sentAt);
      if (answer.toString('latin1', 0, ACCEPTED.length) !== ACCEPTED) storm.refused++;
      const next = now < until ? deliveries.pop() : undefined;
      if (next === undefined) return end(null);
      sentAt = now;
      socket.write(next);
    });
    socket.write(deliveries.pop() ?? '');
  });
}

async function run(port: number, connections: number, forMs: number): Promise<StormAnswer> {
  const storm: Storm = { tookMs: [], refused: 0, reset: 0, closed: 0, unanswered: 0 };
  const until = performance.now() + forMs;
  await Promise.all(Array.from({ length: connections }, () => openOne(storm, port, until)));
  const { tookMs, refused, reset, closed, unanswered } = storm;
  return {
    accepted: tookMs.length - refused,
    refused,
    reset,
    closed,
    unanswered,
    p50Ms: percentile(tookMs, 0.5),
    p99Ms: percentile(tookMs, 0.99),
    p999Ms: percentile(tookMs, 0.999),
    maxMs: percentile(tookMs, 1),
  };
}

answerParent<StormQuestion, StormAnswer | null>(async (question) => {
  if (question.kind === 'run') return run(question.port, question.connections, question.forMs);
  deliveries = buildDeliveries(question);
  return null;
});
