import { type Policy, policyFingerprint } from '../../src/decide/policy.ts';
import type { Store } from '../../src/store/store.ts';
import { policyOf, T } from './builders.ts';
import { createFakeClock, type FakeClock } from './clock.ts';
import { createFakeLinq, type FakeLinq } from './fake-linq.ts';
import { type Peer, type Reactor, type ReactorOptions, startReactor } from './reactor.ts';

export interface Replicas {
  readonly all: readonly Reactor[];
  readonly one: Reactor;
  readonly other: Reactor;
  readonly clock: FakeClock;
  readonly linq: FakeLinq;
  /** Who leads, by its index; at first the first one. */
  readonly leader: { index: number | null };
  /** All have the same settings, as far as they know. */
  readonly settings: { areAgreed: boolean };
  /** Each says that it lives, as it does at the start. */
  readonly beat: readonly (() => Promise<unknown>)[];
  /** Lets time pass for all of them. */
  run(ms: number): Promise<void>;
}

export type OpenShared = (policy: Policy) => Promise<Store>;

/**
 * Several dispatchers over one store, on one clock, calling one Linq. Only the one that is told of something acts at once;
 * the others notice when they look.
 */
export async function startReplicas(
  open: OpenShared,
  options: ReactorOptions & { readonly policies?: readonly Partial<Policy>[]; readonly count?: number } = {},
): Promise<Replicas> {
  const { count = 2, policies = [], ...rest } = options;
  const clock = createFakeClock(T, Number.POSITIVE_INFINITY);
  const linq = createFakeLinq(clock);
  const peers = new Set<Peer>();
  const leader: { index: number | null } = { index: 0 };
  const settings = { areAgreed: true };
  const all: Reactor[] = [];
  const beat: (() => Promise<unknown>)[] = [];
  for (let index = 0; index < count; index++) {
    const policy = policies[index] ?? options.policy ?? {};
    const store = await open(policyOf(policy));
    const replica = { isLeader: () => leader.index === index, mayRedecide: () => settings.areAgreed };
    const fingerprint = policyFingerprint(policyOf(policy));
    const beats = () =>
      store.beat({ id: `replica ${index}`, version: '1.0.0', fingerprint, startedAt: T }, T);
    await beats();
    beat.push(beats);
    all.push(await startReactor({ ...rest, policy, store, replica, peers, clock, linq }));
  }
  const [one, other] = all as [Reactor, Reactor];
  return { all, one, other, clock, linq, leader, settings, beat, run: one.run };
}
