import type { FastifyInstance } from 'fastify';
import { Type } from 'typebox';
import { maskNumber } from '../../decide/text.ts';
import { StoreError } from '../../errors.ts';
import { guardRoutes } from '../../http/access.ts';
import { answer, answerFaults, ErrorSchema } from '../../http/answers.ts';
import { badgeRoute } from '../api/badge.ts';
import type { StatusDeps } from '../api/deps.ts';
import { createServiceView } from '../api/overview.ts';
import { LOGIN_ANSWERS, TOKEN_SECURITY } from '../api/route-schema.ts';
import { refuseReadably } from '../page/layout.ts';
import type { ProblemWatch } from '../problems/problem-watch.ts';
import { PROBLEM_WORDS, showProblem } from '../problems/problem-words.ts';
import type { Metrics } from './metrics.ts';
import type { MetricsView } from './shown-metrics.ts';

export interface MetricsDeps extends StatusDeps {
  readonly watch: Pick<ProblemWatch, 'check' | 'open' | 'book'>;
  readonly metrics: Pick<Metrics, 'render' | 'contentType'>;
  readonly metricsToken: string | null;
  /** Linq's clock minus ours at its last response; null: unknown. */
  readonly linqDateOffMs: () => number | null;
  readonly isLeader: () => boolean;
}

const STORE_FAILING = { code: 'store_failing', severity: PROBLEM_WORDS.store_failing.severity };

/** For monitoring: `GET /metrics` with a token, `GET /badge.svg` without. Register it in its own scope. */
export async function metricsRoutes(app: FastifyInstance, deps: MetricsDeps): Promise<void> {
  const { metrics, metricsToken, clock, version, watch, webhookCounters, linqDateOffMs, isLeader } = deps;
  const see = createServiceView(deps);
  answerFaults(app);
  badgeRoute(app, { overview: async () => (await see()).overview, clock });

  /** Omits what can't be read from the store, so that the problem itself stays visible. */
  async function look(): Promise<Pick<MetricsView, 'seen' | 'problems'>> {
    try {
      const seen = await see();
      return { seen, problems: seen.overview.problems };
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      const booked = watch.book()?.open() ?? []; // a replica that doesn't lead has none
      const problems = booked.map(({ found, since }) => showProblem(found, since, maskNumber));
      return { seen: null, problems: [...problems, STORE_FAILING] };
    }
  }

  await app.register(async (guarded) => {
    await guardRoutes(guarded, deps, refuseReadably, { name: 'METRICS_TOKEN', token: metricsToken });
    guarded.get('/metrics', { schema: METRICS_SCHEMA }, async (_request, reply) => {
      const webhooks = webhookCounters();
      const text = await metrics.render({
        version,
        webhooks,
        linqDateOffMs: linqDateOffMs(),
        isLeader: isLeader(),
        ...(await look()),
      });
      return reply.type(metrics.contentType).send(text);
    });
  });
}

const METRICS_SCHEMA = {
  operationId: 'getMetrics',
  summary: 'Read the metrics',
  description:
    'For Prometheus, in its text format; docs/metrics.md describes each. METRICS_TOKEN opens this route only; STATUS_TOKEN opens it too.',
  tags: ['Status'],
  security: TOKEN_SECURITY,
  response: {
    ...LOGIN_ANSWERS,
    403: answer('`NO_METRICS_TOKEN`: neither METRICS_TOKEN nor STATUS_TOKEN is set.', ErrorSchema),
    200: {
      description: 'All metrics as they are now.',
      content: { 'text/plain': { schema: Type.String() } },
    },
  },
};
