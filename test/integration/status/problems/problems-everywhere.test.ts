import { describe, expect, it } from 'vitest';
import { SECOND } from '../../../../src/decide/time.ts';
import { judgeProblems } from '../../../../src/doctor/judge/service.ts';
import { createMetrics } from '../../../../src/status/metrics/metrics.ts';
import { metricsRoutes } from '../../../../src/status/metrics/metrics-route.ts';
import { PROBLEM_WORDS } from '../../../../src/status/problems/problem-words.ts';
import type { Problem } from '../../../../src/status/view/schemas.ts';
import { answerOf, LINE, T } from '../../../helpers/builders.ts';
import { parseMetrics } from '../../../helpers/metrics.ts';
import { startStatus, TOKEN } from '../harness.ts';
import { LOGGED_IN, textOf } from '../page/browsing.ts';
import { CASES } from './problem-cases.ts';
import type { Case, World } from './problem-world.ts';

async function start({ given = {} }: Case): Promise<World> {
  const waiting: ((answer: ReturnType<typeof answerOf>) => void)[] = [];
  const turned = {
    answer: answerOf(204) as World['answer'],
    cards: [LINE],
    inactive: [] as string[],
    probe: { isWritable: true } as World['probe'],
    subscription: 'fine' as World['subscription'],
    alerts: 'fine' as World['alerts'],
    settings: [] as World['settings'],
    isBackupFailing: false,
  };
  const status = await startStatus({
    ...given,
    cards: turned.cards,
    inactive: turned.inactive,
    share: async () => {
      if (turned.answer !== 'none') return turned.answer;
      return new Promise((resolve) => waiting.push(resolve));
    },
    snapshot: {
      subscription: () => turned.subscription,
      alerts: () => turned.alerts,
      replicas: () =>
        turned.settings.map((fingerprint, index) => {
          return {
            id: `${index}`,
            version: '1',
            fingerprint,
            startedAt: T,
            seenAt: T,
            report: { problems: [], catchUp: null },
            isLeader: index === 0,
          };
        }),
      isBackupFailing: () => turned.isBackupFailing,
      probeStore: async () => turned.probe ?? { isWritable: true },
      ...given.snapshot,
    },
  });
  await status.app.register(async (scope) =>
    metricsRoutes(scope, {
      ...status.deps,
      metrics: createMetrics(),
      metricsToken: null,
      linqDateOffMs: () => 0,
      isLeader: () => true,
    }),
  );
  const pass = async (ms: number) => {
    for (let leftMs = ms; leftMs > 0; leftMs -= 10 * SECOND) {
      status.clock.advance(Math.min(leftMs, 10 * SECOND));
      await status.idle();
      await status.deps.watch.check();
    }
  };
  await status.deps.watch.check();
  return new Proxy(Object.assign(turned, { status, pass }), {
    set(target, name, value) {
      Reflect.set(target, name, value);
      if (name === 'answer' && value !== 'none') for (const answer of waiting.splice(0)) answer(value);
      return true;
    },
  });
}

/** All that is told of problems: by /status, the page, the metrics, and doctor. */
async function see({ status }: World) {
  const { problems } = (await status.get('/status')).body as { problems: Problem[] };
  const page = textOf((await status.app.inject({ url: '/', headers: LOGGED_IN })).body);
  const scrape = await status.app.inject({
    url: '/metrics',
    headers: { authorization: `Bearer ${TOKEN}` },
  });
  const gauges = parseMetrics(scrape.body).samples.filter(({ name }) => name === 'ccr_problem_open');
  const open = gauges.filter(({ value }) => value > 0).map(({ labels }) => String(labels.code));
  const findings = judgeProblems({ kind: 'shown', problems }, true);
  return { problems, page, open, findings };
}

describe('a problem is seen in /status, on the page, in a metric and by doctor, and its remedy clears it:', () => {
  it('every problem there is', () => {
    expect(CASES.map(({ code }) => code).sort()).toEqual(Object.keys(PROBLEM_WORDS).sort());
  });

  it.each(CASES.map((one) => [one.code, one] as const))('%s', async (code, one) => {
    const world = await start(one);
    await one.provoke(world);
    const seen = await see(world);
    const problem = seen.problems.find((open) => open.code === code);
    expect(seen.problems.map((open) => open.code)).toContain(code);
    expect(problem?.since).toMatch(/^2026-11-0/);
    const plain = (text = '') => text.replaceAll('`', '').replace(/\s+/g, ' ');
    const page = seen.page
      .replaceAll('npx contact-card-reactor', 'contact-card-reactor')
      .replace(/ ([.,;:)])/g, '$1')
      .replace(/\( /g, '(');
    expect(page).toContain(plain(problem?.message));
    expect(page).toContain(plain(problem?.remedy).split('contact-card-reactor')[0]?.slice(0, 40).trim());
    expect(page).toContain(`${code} in docs/problems.md`);
    expect(seen.open).toContain(code);
    expect(seen.open.sort()).toEqual([...new Set(seen.problems.map((open) => open.code))].sort());
    expect(seen.findings).toContainEqual(
      expect.objectContaining({
        details: expect.objectContaining({ problem: code }),
        remedy: problem?.remedy,
      }),
    );
    await one.remedy(world);
    await world.status.idle();
    const after = await see(world);
    expect(after.problems.map((open) => open.code)).not.toContain(code);
    expect(after.page).not.toContain(code);
    expect(after.open).not.toContain(code);
    expect(JSON.stringify(after.findings)).not.toContain(`"${code}"`);
  });
});
