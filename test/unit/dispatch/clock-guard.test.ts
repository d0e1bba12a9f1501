import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DAY, HOUR, MINUTE, SECOND } from '../../../src/decide/time.ts';
import { createClockGuard } from '../../../src/dispatch/clock-guard.ts';
import { T } from '../../helpers/builders.ts';
import { createFakeClock } from '../../helpers/clock.ts';

function start({ heartbeatAt = null as number | null } = {}) {
  const clock = createFakeClock(T);
  const corrections: number[] = [];
  const guard = createClockGuard({
    clock,
    lastHeartbeatAt: heartbeatAt,
    onCorrected: (byMs) => void corrections.push(byMs),
  });
  /** An answer at once, whose `Date` is off from our wall clock by so much. */
  const hear = (offMs: number, tookMs = 0) => {
    const receivedAt = clock.systemNow();
    const serverAt = Math.floor((receivedAt + offMs) / SECOND) * SECOND;
    guard.heard({ serverAt, requestedAt: receivedAt - tookMs, receivedAt, tookMs });
  };
  /** What the dispatcher does with a correction. */
  const correct = () => {
    const correction = guard.correction();
    if (correction !== null) guard.corrected(correction.followsWall ? clock.reanchor() : 0);
  };
  return { clock, guard, hear, correct, corrections };
}

describe('the clock guard', () => {
  it('believes the clock until something speaks against it', () => {
    const { guard } = start();
    expect(guard.isDistrusted()).toBe(false);
    expect(guard.linqDateOffMs()).toBeNull();
    expect(guard.distrustedSince()).toBeNull();
  });

  it.each([
    [30 * SECOND, false],
    [30 * SECOND + 1, true],
    [-30 * SECOND, false],
    [-30 * SECOND - 1, true],
  ])('doubts a wall clock that steps by %i ms: %s', (stepMs, isDoubted) => {
    const { clock, guard } = start();
    clock.stepWall(stepMs);
    expect(guard.isDistrusted()).toBe(isDoubted);
  });

  it.each([
    [31 * SECOND, true],
    [30 * SECOND, false],
    [-31 * SECOND, false], // the header's whole seconds may be behind by nearly one
    [-32 * SECOND, true],
  ])("doubts a clock that is off by %i ms from Linq's Date: %s", (offMs, isDoubted) => {
    const { guard, hear } = start();
    hear(offMs);
    expect(guard.isDistrusted()).toBe(isDoubted);
  });

  it('allows for the time that a call takes: the header was written somewhere in it', () => {
    const { guard, hear } = start();
    hear(-15 * SECOND, 16 * SECOND);
    expect(guard.linqDateOffMs()).toBe(0);
    hear(-40 * SECOND, 15 * SECOND);
    expect(guard.isDistrusted()).toBe(false);
    hear(-50 * SECOND, 15 * SECOND);
    expect(guard.isDistrusted()).toBe(true);
  });

  it.each([
    [T + 30 * SECOND, false],
    [T + 30 * SECOND + 1, true],
    [T - 30 * DAY, false],
  ])('doubts a clock that is behind the last heartbeat (%i): %s', (heartbeatAt, isDoubted) => {
    expect(start({ heartbeatAt }).guard.isDistrusted()).toBe(isDoubted);
  });

  it('says since when it doubts', () => {
    const { clock, guard, hear, correct } = start();
    clock.stepWall(HOUR);
    expect(guard.distrustedSince()).toBe(T);
    clock.advance(MINUTE);
    expect(guard.distrustedSince()).toBe(T);
    hear(0);
    correct();
    expect(guard.distrustedSince()).toBeNull();
  });

  it('keeps our time when a Date shows that only the wall clock was set wrong', () => {
    const { clock, guard, hear, corrections } = start();
    clock.stepWall(26 * HOUR);
    hear(-26 * HOUR);
    expect(guard.isDistrusted()).toBe(false);
    expect(guard.correction()).toBeNull();
    expect(corrections).toEqual([]);
  });

  it.each([10 * MINUTE, -10 * MINUTE])(
    'concludes nothing from a call during which the wall clock was set by %i ms',
    (stepMs) => {
      const { clock, guard, hear } = start();
      const requestedAt = clock.systemNow();
      clock.advance(20);
      clock.stepWall(stepMs);
      guard.heard({ serverAt: T, requestedAt, receivedAt: clock.systemNow(), tookMs: 20 });
      expect(guard.correction()).toBeNull();
      expect(guard.isDistrusted()).toBe(true);
      hear(-stepMs);
      expect(guard.correction()).toBeNull();
      expect(guard.isDistrusted()).toBe(false);
    },
  );

  it('has our time follow a wall clock that a Date shows to be right, and doubts until that is done', () => {
    const { clock, guard, hear, correct, corrections } = start();
    clock.stepWall(-2 * HOUR);
    hear(0);
    expect(guard.correction()).toEqual({ followsWall: true });
    expect(guard.isDistrusted()).toBe(true);
    hear(0);
    expect(guard.correction()).toEqual({ followsWall: true });
    correct();
    expect(guard.isDistrusted()).toBe(false);
    expect(corrections).toEqual([-2 * HOUR]);
    expect(clock.now()).toBe(T - 2 * HOUR);
  });

  it('after a heartbeat of the future has what is stored set right, though our time stays', () => {
    const { guard, hear, correct, corrections } = start({ heartbeatAt: T + DAY });
    hear(0);
    correct();
    expect(guard.isDistrusted()).toBe(false);
    expect(corrections).toEqual([0]);
  });

  it('sets what is stored right also when the wall clock goes wrong before the first answer', () => {
    const { clock, guard, hear, correct, corrections } = start({ heartbeatAt: T + DAY });
    clock.stepWall(-3 * HOUR);
    hear(3 * HOUR);
    expect(guard.correction()).toEqual({ followsWall: false });
    correct();
    expect(guard.isDistrusted()).toBe(false);
    expect(corrections).toEqual([0]);
    expect(clock.now()).toBe(T);
  });

  it('ends in belief and in the right time for any steps, once the wall clock is right again', () => {
    const steps = fc.array(fc.tuple(fc.integer({ min: -DAY, max: DAY }), fc.boolean()), { maxLength: 8 });
    const property = fc.property(steps, fc.integer({ min: -DAY, max: DAY }), (all, firstOffMs) => {
      const { clock, guard, hear, correct } = start();
      let wallOffMs = firstOffMs;
      const hearTruth = () => {
        hear(-wallOffMs);
        correct();
      };
      for (const [stepMs, isHeard] of all) {
        clock.stepWall(stepMs);
        wallOffMs += stepMs;
        if (isHeard) hearTruth();
      }
      clock.stepWall(-wallOffMs);
      wallOffMs = 0;
      hearTruth();
      expect(guard.isDistrusted()).toBe(false);
      expect(Math.abs(clock.now() - (T - firstOffMs))).toBeLessThanOrEqual(31 * SECOND);
    });
    fc.assert(property, { numRuns: 1_000 });
  });
});
