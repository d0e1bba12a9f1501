import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SECOND } from '../../../../src/decide/time.ts';
import { afterManualStart, createGates } from '../../../../src/store/plan/gates.ts';
import { chatOf, LINE, OTHER_LINE, T } from '../../../helpers/builders.ts';

const claimsOf = (line: string | null, count: number) =>
  Array.from({ length: count }, () => ({ chat: chatOf({ line }) }));

describe('the gates of lines', () => {
  it('are asked for once each', () => {
    const gates = createGates(2, T);
    expect(gates.unasked([LINE, null, LINE])).toEqual([LINE, null]);
    gates.learn([LINE, null], [{ line: LINE, starts: [] }]);
    expect(gates.unasked([LINE, null, OTHER_LINE])).toEqual([OTHER_LINE]);
  });

  it('let nobody through that another replica holds', () => {
    const gates = createGates(2, T);
    gates.learn([LINE, OTHER_LINE], [{ line: LINE, starts: [] }]);
    expect([gates.left(LINE, []), gates.left(OTHER_LINE, [])]).toEqual([1, 0]);
    expect(gates.isAnyClosed()).toBe(true);
  });

  it('are not needed without a pace', () => {
    const gates = createGates(0, T);
    expect(gates.unasked([LINE])).toEqual([]);
    expect(gates.left(LINE, [])).toBe(Number.POSITIVE_INFINITY);
    expect([gates.isAnyClosed(), gates.after(claimsOf(LINE, 1))]).toEqual([false, []]);
  });

  it('keep no pace of chats whose line is unknown', () => {
    const gates = createGates(1, T);
    gates.learn([null], [{ line: null, starts: [T] }]);
    expect(gates.left(null, claimsOf(null, 9))).toBe(Number.POSITIVE_INFINITY);
    expect(gates.after(claimsOf(null, 9))).toEqual([{ line: null, starts: [T] }]);
  });

  it('let as many through as the pace allows, those claimed before counted', () => {
    const gates = createGates(100, T);
    gates.learn([LINE], [{ line: LINE, starts: [] }]);
    expect(gates.left(LINE, claimsOf(OTHER_LINE, 1))).toBe(5);
    expect(gates.left(LINE, claimsOf(LINE, 3))).toBe(2);
    expect(gates.left(LINE, claimsOf(LINE, 6))).toBe(0);
    expect(gates.after(claimsOf(LINE, 3))).toEqual([{ line: LINE, starts: [T, T, T] }]);
  });

  it('count a start of a clock that is slightly ahead as one of now, and none of a wrong clock', () => {
    const behind = createGates(1, T);
    behind.learn([LINE], [{ line: LINE, starts: [T + SECOND] }]);
    expect(behind.left(LINE, [])).toBe(0);
    const right = createGates(1, T);
    right.learn([LINE], [{ line: LINE, starts: [T + 60 * SECOND] }]);
    expect(right.left(LINE, [])).toBe(1);
    expect(right.after(claimsOf(LINE, 1))).toEqual([{ line: LINE, starts: [T] }]);
    expect(afterManualStart([T - 5, T + SECOND], T)).toEqual([T - 5, T + SECOND, T + SECOND]);
    expect(afterManualStart([T + 60 * SECOND], T)).toEqual([T]);
  });

  it('see no more starts within a second than the rate, whichever replica asks when', () => {
    const asks = fc.array(
      fc.record({ afterMs: fc.integer({ min: 0, max: 400 }), offMs: fc.integer({ min: -3, max: 3 }) }),
      { minLength: 1, maxLength: 80 },
    );
    fc.assert(
      fc.property(fc.constantFrom(0.5, 1, 3, 40, 200), asks, (rate, all) => {
        const started: number[] = [];
        let starts: readonly number[] = [];
        let realAt = T;
        for (const { afterMs, offMs } of all) {
          realAt += afterMs;
          const gates = createGates(rate, realAt + offMs);
          gates.learn([LINE], [{ line: LINE, starts }]);
          const count = gates.left(LINE, []);
          starts = gates.after(claimsOf(LINE, count))[0]?.starts ?? [];
          for (let made = 0; made < count; made++) started.push(realAt);
        }
        const spanMs = SECOND * Math.max(1, 1 / rate);
        for (const at of started) {
          const within = started.filter((other) => other >= at && other < at + spanMs).length;
          expect(within).toBeLessThanOrEqual(Math.max(1, rate));
        }
      }),
    );
  });
});
