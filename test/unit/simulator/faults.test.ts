import { describe, expect, it } from 'vitest';
import { createFaults, type FaultTarget } from '../../../src/simulator/behaviour.ts';
import { createRandom } from '../../../src/simulator/random.ts';

const share = (chatId: string, line = '+12025550100'): FaultTarget => ({
  route: 'share',
  method: 'POST',
  chatId,
  line,
});
const card: FaultTarget = { route: 'contact_card', method: 'GET', chatId: null, line: '+12025550100' };

describe('faults', () => {
  it('hits share calls unless a route is named', () => {
    const faults = createFaults(() => 0);
    faults.add({ status: 500 });
    expect(faults.take(share('a')).answer?.status).toBe(500);
    expect(faults.take(card).answer).toBeNull();
  });

  it('hits as many calls as told, then no more', () => {
    const faults = createFaults(() => 0);
    faults.add({ status: 500, times: 2 });
    const statuses = [1, 2, 3].map(() => faults.take(share('a')).answer?.status);
    expect(statuses).toEqual([500, 500, undefined]);
  });

  it('plays several faults with an answer one after the other, oldest first', () => {
    const faults = createFaults(() => 0);
    faults.add({ status: 500, times: 1 });
    faults.add({ status: 429, times: 1 });
    expect([1, 2].map(() => faults.take(share('a')).answer?.status)).toEqual([500, 429]);
  });

  it('applies every latency and skew on top of an answer', () => {
    const faults = createFaults(() => 0);
    faults.add({ latencyMs: 100 });
    faults.add({ route: '*', latencyMs: 20, dateSkewMs: -5_000 });
    faults.add({ status: 500, latencyMs: 3 });
    const effect = faults.take(share('a'));
    expect([effect.latencyMs, effect.dateSkewMs, effect.answer?.status]).toEqual([123, -5_000, 500]);
  });

  it('hits one chat or one line alone when told', () => {
    const faults = createFaults(() => 0);
    faults.add({ chatId: 'a', code: 2009 });
    faults.add({ line: '+12025550101', code: 2027 });
    expect(faults.take(share('a')).answer?.code).toBe(2009);
    expect(faults.take(share('b', '+12025550101')).answer?.code).toBe(2027);
    expect(faults.take(share('b')).answer).toBeNull();
  });

  it('can be taken back, one or all', () => {
    const faults = createFaults(() => 0);
    const takeBack = faults.add({ status: 500 });
    faults.add({ status: 503 });
    takeBack();
    expect(faults.take(share('a')).answer?.status).toBe(503);
    faults.clear();
    expect(faults.take(share('a')).answer).toBeNull();
  });

  it('hits one method alone when told', () => {
    const faults = createFaults(() => 0);
    faults.add({ route: 'contact_card', method: 'POST', code: 2022 });
    expect(faults.take(card).answer).toBeNull();
    expect(faults.take({ ...card, method: 'POST' }).answer?.code).toBe(2022);
  });

  it('hits the share of calls that it is told to', () => {
    const faults = createFaults(createRandom(7));
    faults.add({ status: 500, rate: 0.3 });
    const hits = Array.from({ length: 1_000 }, () => faults.take(share('a'))).filter(({ answer }) => answer);
    expect(hits.length).toBeGreaterThan(250);
    expect(hits.length).toBeLessThan(350);
  });

  it('puts every header, the oldest encoding and a byte order mark on top of an answer', () => {
    const faults = createFaults(() => 0);
    faults.add({ headers: { Age: '600', 'X-Old': '1' }, encoding: 'gzip' });
    faults.add({ headers: { Age: '700' }, encoding: 'br', byteOrderMark: true });
    expect(faults.take(share('a'))).toMatchObject({
      answer: null,
      headers: { Age: '700', 'X-Old': '1' },
      encoding: 'gzip',
      byteOrderMark: true,
    });
  });
});
