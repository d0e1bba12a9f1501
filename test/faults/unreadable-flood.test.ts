import { setTimeout as delay } from 'node:timers/promises';
import { Pool } from 'undici';
import { expect, it, onTestFinished } from 'vitest';
import { deliver, message2026, sign } from '../helpers/deliver.ts';
import { scrape } from '../helpers/metrics.ts';
import { STATUS_TOKEN } from '../helpers/process.ts';
import { startRig } from '../helpers/rig.ts';
import { reportReached } from '../helpers/suite.ts';

const FOR_MS = 4_000;
const CONNECTIONS = 48;

/** As when Linq changes its format: correctly signed, and nothing that this version can read. */
function unreadable(bytes: number): string {
  return JSON.stringify({ ...message2026({ text: 'x'.repeat(bytes) }), data: {} });
}

it.each([1_000, 100_000])(
  'a flood of unreadable deliveries of %i bytes is committed in groups, and holds up nobody else',
  async (bytes) => {
    const { reactor } = await startRig();
    const pool = new Pool(reactor.url, { connections: CONNECTIONS });
    onTestFinished(() => pool.destroy());
    const end = performance.now() + FOR_MS;
    const statuses: Record<number, number> = {};
    const flood = async () => {
      while (performance.now() < end) {
        const body = unreadable(bytes);
        const headers = sign(body, { at: Date.now() });
        const answer = await pool.request({ method: 'POST', path: '/webhooks/linq', headers, body });
        await answer.body.dump();
        statuses[answer.statusCode] = (statuses[answer.statusCode] ?? 0) + 1;
      }
    };
    const tooks: number[] = [];
    const readable: number[] = [];
    const others = async () => {
      while (performance.now() < end) {
        const began = performance.now();
        expect((await fetch(`${reactor.url}/healthz`)).status).toBe(200);
        readable.push((await deliver(reactor.url, message2026())).status);
        tooks.push(performance.now() - began);
        await delay(10);
      }
    };
    await Promise.all([others(), ...Array.from({ length: CONNECTIONS }, flood)]);

    const { sampleOf } = await scrape(reactor.url, STATUS_TOKEN);
    const commits = sampleOf('ccr_commit_duration_seconds_count', { kind: 'events' });
    const { 202: kept = 0, ...rest } = statuses;
    const slowestMs = Math.round(Math.max(...tooks));
    const perCommit = Number(((kept + readable.length) / commits).toFixed(1));
    const violations = Object.keys(rest).length + readable.filter((status) => status !== 204).length;
    reportReached(`unreadable-flood, ${bytes} bytes`, { kept, commits, perCommit, slowestMs, violations });
    expect(violations).toBe(0);
    expect(perCommit).toBeGreaterThan(2);
    // a bound that shows only a standstill: how fast the machine is, isn't asked here
    expect(slowestMs).toBeLessThan(FOR_MS / 2);
  },
);
