import { describe, expect, it, onTestFinished } from 'vitest';
import { createLeadership } from '../../../src/app/leadership.ts';
import { SECOND } from '../../../src/decide/time.ts';
import type { SeenReplica, Store } from '../../../src/store/store.ts';
import { T } from '../../helpers/builders.ts';
import { createFakeClock } from '../../helpers/clock.ts';

const REPLICA = { id: 'this', version: '1.2.3', fingerprint: 'settings', startedAt: T };
const SELF: SeenReplica = { ...REPLICA, seenAt: T, isLeader: true };

const turns = async () => {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
};

async function lead(first: readonly SeenReplica[] = [SELF], kind: Store['kind'] = 'postgres') {
  const clock = createFakeClock(T);
  const shared = { seen: first, isDown: false, left: [] as string[], changes: 0, logged: [] as string[] };
  const leadership = createLeadership({
    store: {
      kind,
      async beat() {
        if (shared.isDown) throw new Error('down');
        return shared.seen;
      },
      async leave(id) {
        shared.left.push(id);
      },
    },
    clock,
    replica: REPLICA,
    log: { ...console, info: (_fields: object, event: string) => void shared.logged.push(event) } as never,
    onChange: () => shared.changes++,
  });
  await leadership.start();
  onTestFinished(() => leadership.stop());
  const pass = async (ms: number) => {
    clock.advance(ms);
    await turns();
  };
  return { clock, leadership, shared, pass };
}

describe('a replica on a shared store', () => {
  it('leads from the answer that says so to the one that does not, and tells both', async () => {
    const { leadership, shared, pass } = await lead([{ ...SELF, isLeader: false }]);
    expect(leadership.isLeader()).toBe(false);
    expect(shared.changes).toBe(0);
    shared.seen = [SELF];
    await pass(10 * SECOND);
    expect(leadership.isLeader()).toBe(true);
    shared.seen = [{ ...SELF, isLeader: false }];
    await pass(10 * SECOND);
    expect(leadership.isLeader()).toBe(false);
    expect(shared).toMatchObject({ changes: 2, logged: ['leader.began', 'leader.ended'] });
    expect(leadership.replicas()).toBe(shared.seen);
  });

  it('acts as leader for 25 s after the heartbeat that made it one, however it was kept from the next', async () => {
    const { clock, leadership, shared, pass } = await lead();
    shared.isDown = true;
    await pass(10 * SECOND);
    await pass(10 * SECOND);
    clock.advance(5 * SECOND - 1);
    expect(leadership.isLeader()).toBe(true);
    clock.advance(1);
    expect(leadership.isLeader()).toBe(false);
    shared.isDown = false;
    await pass(10 * SECOND);
    expect(leadership.isLeader()).toBe(true);
  });

  it('counts from when the heartbeat was sent, not from its answer', async () => {
    const { clock, leadership, shared, pass } = await lead();
    const { seen } = shared;
    Object.defineProperty(shared, 'seen', {
      get() {
        clock.advance(20 * SECOND); // frozen between asking and hearing
        return seen;
      },
    });
    await pass(10 * SECOND);
    clock.advance(5 * SECOND);
    expect(leadership.isLeader()).toBe(false);
  });

  it('knows the settings to be agreed a minute after the last that differed', async () => {
    const other = { ...SELF, id: 'other', isLeader: false, fingerprint: 'other settings' };
    const { leadership, shared, pass } = await lead([SELF, other]);
    expect(leadership.areSettingsAgreed()).toBe(false);
    shared.seen = [SELF];
    for (let beats = 0; beats < 6; beats++) {
      expect(leadership.areSettingsAgreed()).toBe(false);
      await pass(10 * SECOND);
    }
    expect(leadership.areSettingsAgreed()).toBe(true);
  });

  it('leaves when it stops', async () => {
    const { leadership, shared } = await lead();
    await leadership.stop();
    expect(shared.left).toEqual(['this']);
    expect(leadership.isLeader()).toBe(false);
  });
});

it('leads alone on a SQLite file, and never wakes for it', async () => {
  const { clock, leadership } = await lead([], 'sqlite');
  expect(leadership.isLeader() && leadership.areSettingsAgreed()).toBe(true);
  expect(leadership.replicas()).toEqual([SELF]);
  expect(clock.nextWakeAt()).toBeNull();
});
