import { join } from 'node:path';
import { type Child, startChild } from '../child.ts';
import { type BenchContext, roundName } from '../context.ts';
import type { LoadAnswer, LoadQuestion } from '../processes/load.ts';
import type { WebhookServerKind, WebhookServerQuestion } from '../processes/webhook-server.ts';
import { describeRate, type Rate } from '../rate.ts';
import { type Result, resultOf } from '../report.ts';
import { median } from '../stats.ts';

const KINDS: readonly WebhookServerKind[] = ['committing', 'verify-only', 'per-request'];

type Side = Rate & Pick<LoadAnswer, 'p50Ms' | 'p99Ms'>;
type Round = Readonly<Record<WebhookServerKind, Side>>;
type Server = Child<WebhookServerQuestion, number>;
type Load = Child<LoadQuestion, LoadAnswer | null>;

/** Distinct chats that the deliveries are about: many, so that most deliveries write. */
const CHATS = 50_000;
/** Short, so that what else the machine does meets all sides alike; many rounds make up for it. */
const LEAD_IN_MS = 100;
const MEASURE_MS = 800;
const ROUNDS_FACTOR = 2;
const WARM_UP_MS = 2_500;
/** More than any side takes in the time. */
const MAX_PER_SECOND = 40_000;

/** Signed deliveries committed per second, against a bare route without a store, and against a commit per request. */
export async function measureIngest(context: BenchContext): Promise<readonly Result[]> {
  const { say, workDir } = context;
  const rounds = context.rounds * ROUNDS_FACTOR;
  const load: Load = startChild('load', 'load');
  const trivial = startChild<null, number>('trivial-server', 'trivial-server');
  const servers = new Map(
    KINDS.map((kind): [WebhookServerKind, Server] => [kind, startChild('webhook-server', kind)]),
  );
  try {
    await build(load, 0, MEASURE_MS);
    const loadCeiling = await drive(load, await trivial.ask(null), MEASURE_MS);
    say(`ingest: the load alone could send ${Math.round(loadCeiling.perSecond)}/s`);
    const measured: Round[] = [];
    const runners = await Promise.all(
      [...servers].map(([kind, server]) => createRunner(load, kind, server, workDir)),
    );
    for (let round = 0; round <= rounds; round++) {
      const measureMs = round === 0 ? WARM_UP_MS : MEASURE_MS;
      await build(load, round + 1, measureMs);
      const sides = await runAll(runners, round, measureMs);
      say(`ingest: ${roundName(round, rounds)}: ${describe(sides)}`);
      if (round > 0) measured.push(sides);
    }
    return resultsOf(measured, loadCeiling);
  } finally {
    await Promise.all([load, trivial, ...servers.values()].map((child) => child.stop()));
  }
}

interface Runner {
  readonly kind: WebhookServerKind;
  run(measureMs: number): Promise<Side>;
}

async function createRunner(
  load: Load,
  kind: WebhookServerKind,
  server: Server,
  workDir: string,
): Promise<Runner> {
  const port = await server.ask({
    ask: 'listen',
    kind,
    database: { path: join(workDir, `ingest-${kind}.db`) },
  });
  return {
    kind,
    async run(measureMs) {
      const cpuBefore = await server.ask({ ask: 'cpu' });
      const { perSecond, answered, p50Ms, p99Ms } = await drive(load, port, measureMs);
      const cpuMicros = ((await server.ask({ ask: 'cpu' })) - cpuBefore) / answered;
      return { perSecond, cpuMicros, p50Ms, p99Ms };
    },
  };
}

async function build(load: Load, seed: number, measureMs: number): Promise<void> {
  const count = (MAX_PER_SECOND * (LEAD_IN_MS + measureMs)) / 1000;
  await load.ask({ kind: 'build', count, chats: CHATS, seed });
}

async function drive(load: Load, port: number, measureMs: number): Promise<LoadAnswer> {
  const answer = await load.ask({ kind: 'run', port, leadInMs: LEAD_IN_MS, measureMs });
  if (answer === null) throw new Error('the load gave no figures');
  return answer;
}

/** Every side once, with the same deliveries; each round begins with another side. */
async function runAll(runners: readonly Runner[], round: number, measureMs: number): Promise<Round> {
  const first = round % runners.length;
  const sides = new Map<WebhookServerKind, Side>();
  for (const { kind, run } of [...runners.slice(first), ...runners.slice(0, first)])
    sides.set(kind, await run(measureMs));
  return Object.fromEntries(sides) as Round;
}

function describe(round: Round): string {
  return KINDS.map((kind) => `${kind} ${describeRate(round[kind])}`).join(', ');
}

function resultsOf(rounds: readonly Round[], loadCeiling: LoadAnswer): readonly Result[] {
  const ratioTo = (other: WebhookServerKind) =>
    median(rounds.map((round) => round.committing.perSecond / round[other].perSecond));
  return [
    resultOf({
      row: 'ingest',
      what: 'deliveries committed/s, to a bare route that verifies and parses only',
      target: { atLeast: 0.8 },
      unit: 'ratio',
      measured: ratioTo('verify-only'),
      details: { loadCeiling, rounds },
    }),
    resultOf({
      row: 'ingest',
      what: 'deliveries committed/s, to one commit per request',
      target: { atLeast: 5 },
      unit: 'ratio',
      measured: ratioTo('per-request'),
      details: {},
    }),
  ];
}
