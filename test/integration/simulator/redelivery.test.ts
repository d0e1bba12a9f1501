import { afterEach, describe, expect, it } from 'vitest';
import type { Behaviour } from '../../../src/simulator/behaviour.ts';
import { REDELIVERY_MS } from '../../../src/simulator/deliveries.ts';
import { createPairs, LINE, NO_ANSWER } from './harness.ts';

const { start, stopAll } = createPairs();
afterEach(stopAll);

describe('redelivery', () => {
  it('spreads ten attempts over about 25 minutes, each pause twice the last', () => {
    const total = REDELIVERY_MS.reduce((sum, ms) => sum + ms, 0);
    expect(REDELIVERY_MS).toHaveLength(9);
    expect(Math.round(total / 60_000)).toBe(26);
    expect(REDELIVERY_MS.every((ms, n) => n === 0 || ms === 2 * (REDELIVERY_MS[n - 1] ?? 0))).toBe(true);
  });

  it('repeats the same event after 5xx and 429 until it is accepted', async () => {
    const { simulator, receiver } = await start({}, [500, 503, 429, 204]);
    simulator.createChat({ line: LINE });
    await simulator.settled();
    expect(new Set(receiver.received.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
    expect(simulator.deliveries).toMatchObject([
      { state: 'accepted', attempts: [{ status: 500 }, { status: 503 }, { status: 429 }, { status: 204 }] },
    ]);
  });

  it.each([400, 401, 404, 413, 415])('never repeats after %i', async (status) => {
    const { simulator, receiver } = await start({}, [status, 204]);
    simulator.createChat({ line: LINE });
    await simulator.settled();
    expect(receiver.received).toHaveLength(1);
    expect(simulator.deliveries).toMatchObject([{ state: 'refused', attempts: [{ status }] }]);
  });

  it('gives up after the tenth attempt', async () => {
    const { simulator, receiver } = await start({}, [503]);
    simulator.createChat({ line: LINE });
    await simulator.settled();
    expect(receiver.received).toHaveLength(10);
    expect(simulator.deliveries).toMatchObject([{ state: 'exhausted' }]);
  });

  it('repeats when nobody listens', async () => {
    const { simulator, receiver } = await start({ redeliveryMs: [1, 1] });
    await receiver.stop();
    simulator.createChat({ line: LINE });
    await simulator.settled();
    expect(simulator.deliveries).toMatchObject([
      { state: 'exhausted', attempts: [{ status: null }, { status: null }, { status: null }] },
    ]);
  });

  it('repeats when no answer comes in time', async () => {
    const { simulator } = await start({ deliveryTimeoutMs: 100 }, [NO_ANSWER, 204]);
    simulator.createChat({ line: LINE });
    await simulator.settled();
    expect(simulator.deliveries).toMatchObject([
      { state: 'accepted', attempts: [{ status: null }, { status: 204 }] },
    ]);
  });

  it('waits in real time, however fast domain time runs', async () => {
    const { simulator } = await start({ redeliveryMs: [60] }, [503, 204]);
    simulator.createChat({ line: LINE });
    await simulator.settled();
    const [first, second] = simulator.deliveries[0]?.attempts ?? [];
    expect((second?.atMonotonicMs ?? 0) - (first?.atMonotonicMs ?? 0)).toBeGreaterThanOrEqual(60);
  });

  it('ends when the simulator stops', async () => {
    const { simulator } = await start({ redeliveryMs: [600_000] }, [503]);
    simulator.createChat({ line: LINE });
    await simulator.when(() => simulator.deliveries[0]?.attempts.length === 1);
    await simulator.stop();
    expect(simulator.deliveries).toMatchObject([{ state: 'cancelled' }]);
  });
});

describe('disorder', () => {
  const seed = 7;
  async function orderOf(behaviour: Partial<Behaviour>) {
    const { simulator, receiver } = await start({ seed, behaviour });
    const ids: string[] = [];
    for (let n = 0; n < 60; n += 1) ids.push(simulator.createChat({ line: LINE }).chatId);
    await simulator.settled();
    const arrived = receiver.received.map(({ event }) => ids.indexOf((event.data as { id: string }).id));
    return { simulator, arrived };
  }

  it('duplicates and loses the share of deliveries it was told, and says its seed', async () => {
    const { simulator, arrived } = await orderOf({ duplicateRate: 0.5, lossRate: 0.2 });
    const lost = simulator.deliveries.filter(({ state }) => state === 'lost').length;
    expect(simulator.seed).toBe(seed);
    expect(lost).toBeGreaterThan(0);
    expect(new Set(arrived).size).toBe(60 - lost);
    expect(arrived.length).toBeGreaterThan(60 - lost);
  });

  it('loses the same deliveries with the same seed', async () => {
    const [first, second] = [await orderOf({ lossRate: 0.5 }), await orderOf({ lossRate: 0.5 })];
    expect([...first.arrived].sort()).toEqual([...second.arrived].sort());
  });

  it('shuffles', async () => {
    const { arrived } = await orderOf({ shuffleMs: 40 });
    const inOrder = [...arrived].sort((a, b) => a - b);
    expect(arrived).not.toEqual(inOrder);
    expect(inOrder).toEqual(Array.from({ length: 60 }, (_, n) => n));
  });
});
