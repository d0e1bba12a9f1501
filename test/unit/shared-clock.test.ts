import { setImmediate as eventLoopTurn } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HOUR, MINUTE, SECOND } from '../../src/decide/time.ts';
import { createClockGuard } from '../../src/dispatch/clock-guard.ts';
import { startSharedClock } from '../../src/shared-clock.ts';
import { T } from '../helpers/builders.ts';
import { createFakeClock } from '../helpers/clock.ts';

interface Network {
  /** How long the question takes, and how long the answer. */
  readonly thereMs?: number;
  readonly backMs?: number;
}

/** A machine whose clock is off by 10 min, and a database whose clock is right. */
function createWorld(network: Network = {}) {
  const machine = createFakeClock(T - 10 * MINUTE);
  let { thereMs = 1, backMs = 1 } = network;
  let setMs = 0;
  let isDown = false;
  let asked = 0;
  let corrections = 0;
  const databaseNow = () => T + machine.monotonic() + setMs;
  return {
    machine,
    databaseNow,
    asked: () => asked,
    async read() {
      asked++;
      if (isDown) throw new Error('down');
      machine.advance(thereMs);
      const at = databaseNow();
      machine.advance(backMs);
      return { at, corrections };
    },
    setDatabase(ms: number) {
      setMs += ms;
    },
    /** Another replica has corrected the stored times. */
    correct() {
      corrections++;
    },
    setNetwork(changed: Network) {
      ({ thereMs = thereMs, backMs = backMs } = changed);
    },
    setDown(now: boolean) {
      isDown = now;
    },
    /** Until after the next reading. */
    async pass(ms = SECOND) {
      machine.advance(ms);
      await eventLoopTurn();
    },
  };
}

async function start(network: Network = {}) {
  const world = createWorld(network);
  const clock = await startSharedClock(world.machine, world.read);
  const guard = createClockGuard({ clock, lastHeartbeatAt: null, onCorrected() {} });
  /** An answer of Linq, whose clock is ahead of the true time by so much. */
  const hear = (aheadMs = 0) => {
    const at = clock.wallNow();
    guard.heard({
      serverAt: T + world.machine.monotonic() + aheadMs,
      requestedAt: at,
      receivedAt: at,
      tookMs: 0,
    });
  };
  return { ...world, clock, guard, hear };
}

describe('a shared clock', () => {
  it('is the database’s, whatever the machine’s says', async () => {
    const { clock, databaseNow, machine, guard, hear } = await start();
    expect(clock.now()).toBe(databaseNow() - 1); // the answer was on its way for so long
    expect(clock.latest()).toBe(databaseNow() + 2); // rounded up
    expect(clock.wallNow()).toBe(databaseNow());
    expect(clock.systemNow()).toBe(machine.systemNow());
    hear();
    expect(guard.isDistrusted()).toBe(false);
    expect(guard.linqDateOffMs()).toBe(10 * MINUTE);
  });

  it('is not moved by a machine whose clock is set', async () => {
    const { clock, databaseNow, machine, guard, pass } = await start();
    machine.stepWall(-3 * HOUR);
    await pass();
    expect(clock.now()).toBe(databaseNow() - 1);
    expect(guard.isDistrusted()).toBe(false);
  });

  it('is the machine’s where the database has none', async () => {
    const machine = createFakeClock(T);
    const clock = await startSharedClock(machine, async () => null);
    machine.stepWall(HOUR);
    machine.advance(SECOND);
    expect([clock.now(), clock.latest(), clock.wallNow()]).toEqual([
      T + SECOND,
      T + SECOND + 1,
      T + SECOND + HOUR,
    ]);
    expect(clock.reanchor()).toBe(HOUR);
    clock.stop();
  });

  it('can’t start without the database', async () => {
    const world = createWorld();
    world.setDown(true);
    await expect(startSharedClock(world.machine, world.read)).rejects.toThrow('down');
  });

  it('keeps what a quick answer told when a slow one tells less', async () => {
    const { clock, databaseNow, pass, setNetwork } = await start();
    setNetwork({ thereMs: 2_000, backMs: 0 });
    await pass();
    expect(databaseNow() - clock.now()).toBeLessThan(5);
    expect(clock.latest() - databaseNow()).toBeLessThan(5);
    setNetwork({ thereMs: 0, backMs: 2_000 });
    await pass();
    expect(databaseNow() - clock.now()).toBeLessThan(8);
    expect(clock.latest() - databaseNow()).toBeLessThan(8);
  });

  it('is not certain of anything after a first answer that took long, until one is quick', async () => {
    const { guard, pass, setNetwork } = await start({ thereMs: 700, backMs: 700 });
    expect(guard.isDistrusted()).toBe(true);
    setNetwork({ thereMs: 400, backMs: 400 });
    await pass();
    expect(guard.isDistrusted()).toBe(false);
  });

  it('runs on while the database is down, the less certain the longer', async () => {
    const { clock, databaseNow, guard, pass, setDown } = await start();
    setDown(true);
    for (let minute = 0; minute < 16; minute++) await pass(MINUTE);
    expect(guard.isDistrusted()).toBe(false);
    expect(clock.now()).toBeLessThan(databaseNow());
    expect(clock.latest()).toBeGreaterThan(databaseNow());
    await pass(MINUTE);
    expect(guard.isDistrusted()).toBe(true);
    setDown(false);
    await pass();
    expect(guard.isDistrusted()).toBe(false);
    expect(databaseNow() - clock.now()).toBeLessThan(3);
  });

  it('follows a database whose clock is set forward by little', async () => {
    const { clock, databaseNow, guard, pass, setDatabase } = await start();
    setDatabase(20 * SECOND);
    await pass();
    expect(databaseNow() - clock.now()).toBeLessThan(3);
    expect([clock.stepMs(), guard.isDistrusted()]).toEqual([0, false]);
  });

  it('goes slowly, not back, until a database whose clock is set back by little has caught up', async () => {
    const { clock, databaseNow, guard, pass, setDatabase } = await start();
    setDatabase(-20 * SECOND);
    let before = clock.now();
    for (let second = 0; second < 45; second++) {
      await pass();
      const passed = clock.now() - before;
      expect(passed).toBeGreaterThanOrEqual(500);
      expect(passed).toBeLessThanOrEqual(1_010);
      expect(clock.latest()).toBeGreaterThanOrEqual(databaseNow());
      before = clock.now();
    }
    expect(databaseNow() - clock.now()).toBeLessThan(5);
    expect([clock.stepMs(), guard.isDistrusted()]).toEqual([0, false]);
  });

  it.each([HOUR, -2 * HOUR])('runs on as before when the database’s clock is set by %i ms', async (setMs) => {
    const { clock, guard, hear, machine, pass, setDatabase } = await start();
    setDatabase(setMs);
    await pass();
    const trueNow = () => T + machine.monotonic();
    expect(Math.abs(clock.now() - trueNow())).toBeLessThan(10);
    expect(Math.abs(clock.stepMs() - setMs)).toBeLessThan(10);
    expect(guard.isDistrusted()).toBe(true);
    hear(); // Linq's clock was not set: the database's is wrong
    expect(guard.isDistrusted()).toBe(false);
    await pass();
    setDatabase(-setMs);
    await pass();
    expect([clock.stepMs(), guard.isDistrusted()]).toEqual([0, true]);
    hear();
    expect(guard.isDistrusted()).toBe(false);
    expect(guard.correction()).toBeNull();
    expect(Math.abs(clock.now() - trueNow())).toBeLessThan(10);
  });

  it.each([HOUR, -2 * HOUR])(
    'follows a database’s clock that was set right by %i ms when told to',
    async (ms) => {
      const { clock, databaseNow, guard, hear, pass, setDatabase } = await start();
      setDatabase(ms);
      await pass();
      hear(ms);
      expect(guard.correction()).toEqual({ followsWall: true });
      const byMs = clock.reanchor();
      guard.corrected(byMs);
      expect(Math.abs(byMs - ms)).toBeLessThan(10);
      expect(databaseNow() - clock.now()).toBeLessThan(3);
      expect([clock.stepMs(), guard.isDistrusted()]).toEqual([0, false]);
    },
  );

  it('follows a correction that another replica has made, once it has read the clock since', async () => {
    const { clock, correct, databaseNow, pass, ...world } = await start();
    let followed = 0;
    const guard = createClockGuard({
      clock,
      lastHeartbeatAt: null,
      followed: () => followed,
      onCorrected() {},
    });
    world.setDatabase(HOUR);
    correct();
    expect(guard.correction()).toBeNull();
    await pass();
    expect(guard.correction()).toEqual({ followsWall: true, isStored: true });
    expect(guard.isDistrusted()).toBe(true);
    const byMs = clock.reanchor();
    followed = clock.corrections();
    guard.corrected(byMs, true);
    expect(Math.abs(byMs - HOUR)).toBeLessThan(10);
    expect(databaseNow() - clock.now()).toBeLessThan(3);
    expect([guard.correction(), guard.isDistrusted()]).toEqual([null, false]);
  });

  it('sleeps until its own time has come', async () => {
    const { clock, machine } = await start();
    clock.stop();
    let isAwake = false;
    void clock.sleepUntil(clock.now() + 500, MINUTE, new AbortController().signal).then(() => {
      isAwake = true;
    });
    machine.advance(499);
    await eventLoopTurn();
    expect(isAwake).toBe(false);
    machine.advance(1);
    await eventLoopTurn();
    expect(isAwake).toBe(true);
  });

  it('asks the database about once a second, until it is stopped', async () => {
    const { asked, clock, pass } = await start();
    for (let second = 0; second < 5; second++) await pass();
    expect(asked()).toBe(6);
    clock.stop();
    for (let second = 0; second < 5; second++) await pass();
    expect(asked()).toBe(6);
  });

  const delays = fc.integer({ min: 0, max: 400 });
  const moments = fc.array(
    fc.record({
      passMs: fc.integer({ min: 1, max: 5_000 }),
      thereMs: delays,
      backMs: delays,
      isDown: fc.boolean(),
      /** In ms for each ms. */
      driftPpm: fc.integer({ min: -400, max: 400 }),
    }),
    { maxLength: 30 },
  );

  it('is never early or late by more than it says, for any delays, outages and drifts', async () => {
    const property = fc.asyncProperty(moments, async (all) => {
      const { clock, databaseNow, pass, ...world } = await start();
      let before = clock.now();
      for (const { passMs, thereMs, backMs, isDown, driftPpm } of all) {
        world.setNetwork({ thereMs, backMs });
        world.setDown(isDown);
        world.setDatabase((passMs * driftPpm) / 1_000_000);
        await pass(passMs);
        const now = clock.now();
        expect(now).toBeGreaterThanOrEqual(before);
        expect(now).toBeLessThanOrEqual(databaseNow());
        expect(clock.latest()).toBeGreaterThan(databaseNow());
        before = now;
      }
    });
    await fc.assert(property, { numRuns: 300 });
  });
});
