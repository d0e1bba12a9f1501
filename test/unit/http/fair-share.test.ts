import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createFairShare } from '../../../src/http/addresses.ts';

/** Takes one by one for this sender, as things of their own, until it is refused; resolves to how many it got. */
function takeAll(share: ReturnType<typeof createFairShare>, sender: string): number {
  let got = 0;
  while (share.take(sender, 1, 0)) got++;
  return got;
}

describe('a fair share', () => {
  it('is about three quarters for one alone, and the same for each of several', () => {
    const share = createFairShare(10_000);
    expect(takeAll(share, 'a')).toBe(7_499);
    const second = takeAll(share, 'b');
    expect(second).toBeGreaterThan(1_500);
    share.giveBack('a', 7_499);
    expect(takeAll(share, 'a')).toBeGreaterThan(4_000);
  });

  it('leaves something for a newcomer, whatever others took before', () => {
    const senders = fc.constantFrom('a', 'b', 'c', 'd');
    const wish = fc.record({ sender: senders, amount: fc.integer({ min: 1, max: 1_000 }) });
    fc.assert(
      fc.property(fc.array(wish, { maxLength: 300 }), (wishes) => {
        const share = createFairShare(100_000);
        for (const { sender, amount } of wishes) share.take(sender, amount, 0);
        for (const sender of ['a', 'b', 'c', 'd']) takeAll(share, sender);
        return takeAll(share, 'newcomer') > 50;
      }),
    );
  });

  it('refuses one large thing before many small ones', () => {
    const share = createFairShare(100);
    expect(share.take('a', 10, 0)).toBe(true);
    for (let has = 10; share.take('a', 10, has); ) has += 10;
    expect(share.take('a', 10, 0)).toBe(true);
  });

  it('is whole again once all was given back', () => {
    const share = createFairShare(100);
    const before = takeAll(share, 'a');
    share.giveBack('a', before);
    expect(takeAll(share, 'a')).toBe(before);
  });
});
