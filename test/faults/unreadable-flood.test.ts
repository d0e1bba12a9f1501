import { realpathSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { Pool } from 'undici';
import { expect, it, onTestFinished } from 'vitest';
import { message2026, sign } from '../helpers/deliver.ts';
import { createDiskShim } from '../helpers/disk-shim.ts';
import { createWorkDir, startReactor } from '../helpers/process.ts';
import { reportReached } from '../helpers/suite.ts';

const CONNECTIONS = 48;
/** What others wait for, counted in commits: time would depend on the disk and on who else uses it. */
const MOST_COMMITS_WAITED = 4;

/** Sends so many deliveries over all connections; resolves to what was answered, and when others asked meanwhile. */
async function flood(url: string, deliveries: number, makeBody: () => string) {
  const pool = new Pool(url, { connections: CONNECTIONS });
  onTestFinished(() => pool.destroy());
  const statuses = new Set<number>();
  let left = deliveries;
  const work = async () => {
    while (left-- > 0) {
      const body = makeBody();
      const headers = sign(body, { at: Date.now() });
      const answer = await pool.request({ method: 'POST', path: '/webhooks/linq', headers, body });
      await answer.body.dump();
      statuses.add(answer.statusCode);
    }
  };
  const asked: { fromNs: bigint; toNs: bigint }[] = [];
  const ask = async () => {
    while (left > 0) {
      const fromNs = process.hrtime.bigint();
      expect((await fetch(`${url}/healthz`)).status).toBe(200);
      asked.push({ fromNs, toNs: process.hrtime.bigint() });
      await delay(5);
    }
  };
  await Promise.all([ask(), ...Array.from({ length: CONNECTIONS }, work)]);
  return { statuses: [...statuses], asked };
}

it.each([
  [1_000, 1_000],
  [100_000, 250],
])(
  'a flood of unreadable deliveries of %i bytes is committed in groups, and others wait for few commits',
  async (bytes, deliveries) => {
    const directory = realpathSync(createWorkDir());
    const shim = createDiskShim(directory);
    const reactor = await startReactor(directory, shim.preload());
    const news = 'x'.repeat(bytes);
    // as when Linq changes its format
    const makeBody = () => JSON.stringify({ ...message2026(), data: {}, news });
    const { statuses, asked } = await flood(reactor.url, deliveries, makeBody);
    expect(statuses).toEqual([202]);
    await reactor.end('SIGKILL');

    const commits = shim.calls().filter(({ kind, name }) => kind === 'sync' && name.endsWith('-wal'));
    const waited = asked.map(
      ({ fromNs, toNs }) => commits.filter(({ atNs }) => atNs > fromNs && atNs < toNs).length,
    );
    waited.sort((a, b) => a - b);
    const medianWaited = waited[waited.length >> 1] ?? Number.POSITIVE_INFINITY;
    reportReached(`unreadable-flood, ${bytes} bytes`, {
      deliveries,
      commits: commits.length,
      asked: asked.length,
      medianWaited,
      mostWaited: waited.at(-1) ?? 0,
      violations: 0,
    });
    expect(commits.length).toBeGreaterThan(0);
    expect(deliveries / commits.length).toBeGreaterThan(2);
    expect(medianWaited).toBeLessThanOrEqual(MOST_COMMITS_WAITED);
  },
);
