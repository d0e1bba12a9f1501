import { setTimeout as delay } from 'node:timers/promises';
import { Pool } from 'undici';
import { expect, it, onTestFinished } from 'vitest';
import { message2026, sign } from '../helpers/deliver.ts';
import { startRig } from '../helpers/rig.ts';
import { reportReached } from '../helpers/suite.ts';

const FOR_MS = 1_500;
/** What else the machine does may spoil one comparison: the median of three counts. */
const ROUNDS = 3;
const CONNECTIONS = 48;
/** As transactions of their own, unreadable deliveries made others wait 3 to 14 times as long. */
const MOST_TIMES_AS_LONG = 2.5;

/** Floods the service; resolves to what was answered, and how long `/healthz` took meanwhile, in the median. */
async function flood(url: string, makeBody: () => string) {
  const pool = new Pool(url, { connections: CONNECTIONS });
  onTestFinished(() => pool.destroy());
  const end = performance.now() + FOR_MS;
  const statuses: Record<number, number> = {};
  const work = async () => {
    while (performance.now() < end) {
      const body = makeBody();
      const headers = sign(body, { at: Date.now() });
      const answer = await pool.request({ method: 'POST', path: '/webhooks/linq', headers, body });
      await answer.body.dump();
      statuses[answer.statusCode] = (statuses[answer.statusCode] ?? 0) + 1;
    }
  };
  const tooks: number[] = [];
  const ask = async () => {
    while (performance.now() < end) {
      const began = performance.now();
      expect((await fetch(`${url}/healthz`)).status).toBe(200);
      tooks.push(performance.now() - began);
      await delay(10);
    }
  };
  await Promise.all([ask(), ...Array.from({ length: CONNECTIONS }, work)]);
  tooks.sort((a, b) => a - b);
  return { statuses, tookMs: tooks[tooks.length >> 1] ?? Number.POSITIVE_INFINITY };
}

it.each([1_000, 100_000])(
  'a flood of unreadable deliveries of %i bytes holds up others no more than one of readable ones',
  async (bytes) => {
    const { reactor } = await startRig();
    const news = 'x'.repeat(bytes);
    // inbound ones lead to no share calls
    const message = () => ({ ...message2026({ isOutbound: false }), news });
    const ratios: number[] = [];
    const answered = { readable: 0, unreadable: 0 };
    for (let round = 0; round < ROUNDS; round++) {
      const readable = await flood(reactor.url, () => JSON.stringify(message()));
      // as when Linq changes its format
      const unreadable = await flood(reactor.url, () => JSON.stringify({ ...message(), data: {} }));
      expect(Object.keys(readable.statuses)).toEqual(['204']);
      expect(Object.keys(unreadable.statuses)).toEqual(['202']);
      answered.readable += readable.statuses[204] ?? 0;
      answered.unreadable += unreadable.statuses[202] ?? 0;
      ratios.push(unreadable.tookMs / readable.tookMs);
    }
    ratios.sort((a, b) => a - b);
    const timesAsLong = Number((ratios[ROUNDS >> 1] ?? Number.POSITIVE_INFINITY).toFixed(2));
    reportReached(`unreadable-flood, ${bytes} bytes`, { ...answered, timesAsLong, violations: 0 });
    expect(timesAsLong).toBeLessThan(MOST_TIMES_AS_LONG);
  },
);
