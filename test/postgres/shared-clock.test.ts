import { afterEach, expect, it } from 'vitest';
import { MINUTE, SECOND } from '../../src/decide/time.ts';
import { createClockGuard } from '../../src/dispatch/clock-guard.ts';
import { type SharedClock, startSharedClock } from '../../src/shared-clock.ts';
import type { Store } from '../../src/store/store.ts';
import type { Claim } from '../../src/store/turn.ts';
import { outboundOf, policyOf } from '../helpers/builders.ts';
import { createMovableClock } from '../helpers/movable-clock.ts';
import { createPostgresHome } from '../helpers/postgres-home.ts';
import { claim, claimOne, settle, turnOf, verdictOf } from '../helpers/store/use-store.ts';

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

interface Replica {
  readonly store: Store;
  readonly clock: SharedClock;
}

/** Replicas whose machines' clocks are ahead by so much, on one database. */
async function startReplicas(aheadMs: readonly number[]) {
  const home = createPostgresHome();
  const policy = policyOf({ windowMs: 300 });
  const replicas: Replica[] = [];
  for (const ms of aheadMs) {
    const store = await home.open(policy);
    const machine = createMovableClock();
    machine.set(ms);
    const clock = await startSharedClock(machine, store.serverNow);
    ends.push(clock.stop, store.close);
    replicas.push({ store, clock });
  }
  return { policy, replicas: replicas as [Replica, Replica, ...Replica[]] };
}

const serverNow = async ({ store }: Replica) => (await store.serverNow())?.at ?? 0;

it('replicas read the same time, however wrong their machines', async () => {
  const { replicas } = await startReplicas([10 * MINUTE, -10 * MINUTE, 0]);
  for (const replica of replicas) {
    const { clock } = replica;
    const before = await serverNow(replica);
    const [earliest, latest] = [clock.now(), clock.latest()];
    expect(latest).toBeGreaterThan(before);
    expect(earliest).toBeLessThanOrEqual(await serverNow(replica));
    expect(clock.stepMs()).toBe(0);
  }
});

it('a window ends by the database’s clock, whichever replica counts it', async () => {
  const { replicas, policy } = await startReplicas([10 * MINUTE, -10 * MINUTE]);
  const [ahead, behind] = replicas;
  await ahead.store.record([outboundOf(ahead.clock.now())], ahead.clock.now());
  for (const [one, other] of [
    [ahead, behind],
    [behind, ahead],
  ] as const) {
    const held = await claimOne(one.store, one.clock.now());
    const sharedAt = await serverNow(one);
    const endedAt = one.clock.latest();
    await settle(one.store, { claim: held, endedAt, result: verdictOf() });
    let claims: readonly Claim[] = [];
    while (claims.length === 0) claims = await claim(other.store, other.clock.now());
    expect((await serverNow(other)) - sharedAt).toBeGreaterThanOrEqual(policy.windowMs);
    const settlements = claims.map((again) => ({
      claim: again,
      endedAt,
      result: { kind: 'withdrawn' } as const,
    }));
    await other.store.turn(turnOf({ settlements }), other.clock.now());
  }
});

it('a machine that is 10 min off shares on, and says by how much its clock is off', async () => {
  const { replicas } = await startReplicas([10 * MINUTE]);
  const [{ clock }] = replicas;
  const guard = createClockGuard({ clock, lastHeartbeatAt: null, onCorrected() {} });
  const requestedAt = clock.wallNow();
  const serverAt = Math.floor(Date.now() / SECOND) * SECOND;
  guard.heard({ serverAt, requestedAt, receivedAt: requestedAt, tookMs: 0 });
  expect(guard.isDistrusted()).toBe(false);
  expect(Math.abs((guard.linqDateOffMs() ?? 0) + 10 * MINUTE)).toBeLessThan(2 * SECOND);
});
