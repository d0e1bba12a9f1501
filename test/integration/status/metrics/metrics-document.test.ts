import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { createMetrics } from '../../../../src/status/metrics/metrics.ts';
import { metricsRoutes } from '../../../../src/status/metrics/metrics-route.ts';
import { outboundOf, T } from '../../../helpers/builders.ts';
import { parseMetrics } from '../../../helpers/metrics.ts';
import { startStatus, TOKEN } from '../harness.ts';

const document = readFileSync(new URL('../../../../docs/metrics.md', import.meta.url), 'utf8');

/** A row of the document for every metric of ours, with the labels that its samples have. */
async function rowsOfScrape(): Promise<string[]> {
  const { app, deps, idle } = await startStatus({ events: [outboundOf(T)] });
  const metrics = createMetrics();
  metrics.answered('GET', '/status', 200, 3);
  metrics.committed('events', 3, true);
  metrics.committed('events', 3, false);
  metrics.called('share_contact_card', 'success', 3);
  const monitored = { ...deps, metrics, metricsToken: null, linqDateOffMs: () => 0, isLeader: () => true };
  await app.register(async (scope) => metricsRoutes(scope, monitored));
  await idle();
  const headers = { authorization: `Bearer ${TOKEN}` };
  const { families, samples } = parseMetrics((await app.inject({ url: '/metrics', headers })).body);
  return families
    .filter(({ name }) => name.startsWith('ccr_'))
    .map(({ name, type, help }) => {
      const own = samples.filter((sample) => sample.name.replace(/_(bucket|sum|count)$/, '') === name);
      const labels = new Set(
        own.flatMap((sample) => Object.keys(sample.labels)).filter((label) => label !== 'le'),
      );
      return `| \`${name}\` | ${type} | ${[...labels].map((label) => `\`${label}\``).join(', ')} | ${help} |`;
    });
}

it('docs/metrics.md has every metric of a scrape, with its type, labels and meaning, and no other', async () => {
  const rows = [...document.matchAll(/^\| `ccr_.*$/gm)].map(([row]) => row);
  const expected = await rowsOfScrape();
  expect(expected.length).toBeGreaterThan(30);
  expect(rows.toSorted()).toEqual(expected.toSorted());
});
