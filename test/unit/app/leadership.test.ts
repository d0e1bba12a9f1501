import { describe, expect, it, onTestFinished } from 'vitest';
import { createLeadership } from '../../../src/app/leadership.ts';
import { MINUTE, SECOND } from '../../../src/decide/time.ts';
import type { SeenReplica, Standing, Store } from '../../../src/store/store.ts';
import { T } from '../../helpers/builders.ts';
import { createFakeClock } from '../../helpers/clock.ts';

const REPLICA = { id: 'this', version: '1.2.3', fingerprint: 'settings', startedAt: T };
const SELF: SeenReplica = {
  ...REPLICA,
  seenAt: T,
  report: { problems: [], catchUp: null },
  isLeader: true,
  term: 3,
};

const turns = async () => {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
};

async function lead(first: readonly SeenReplica[] = [SELF], kind: Store['kind'] = 'postgres') {
  const clock = createFakeClock(T);
  const shared = {
    seen: first,
    isDown: false,
    left: [] as string[],
    changes: 0,
    logged: [] as string[],
    reports: [] as unknown[],
  };
  const standings: (Standing | undefined)[] = [];
  const failures = { probes: 0, alerts: 0 };
  const leadership = createLeadership({
    store: {
      kind,
      async beat(_replica, now, { standing, report } = {}) {
        if (shared.isDown) throw new Error('down');
        standings.push(standing);
        shared.reports.push(report);
        const isSelf = ({ id }: SeenReplica) => id === REPLICA.id && standing === 'resigning';
        return shared.seen.map((one) => ({ ...one, seenAt: now, isLeader: one.isLeader && !isSelf(one) }));
      },
      async leave(id) {
        shared.left.push(id);
      },
    },
    clock,
    replica: REPLICA,
    log: {
      info: (_fields: object, event: string) => void shared.logged.push(event),
      warn: ({ failed }: { failed: string }, event: string) => void shared.logged.push(`${event} ${failed}`),
    } as never,
    failures: () => failures,
    report: () => ({ problems: [], catchUp: { activity: `beat ${standings.length}`, cause: null } }),
    onChange: () => shared.changes++,
  });
  await leadership.start();
  onTestFinished(() => leadership.stop());
  const pass = async (ms: number) => {
    clock.advance(ms);
    await turns();
  };
  const beats = async (count: number) => {
    for (let beat = 0; beat < count; beat++) await pass(10 * SECOND);
  };
  return { clock, leadership, shared, pass, beats, failures, standings };
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
    expect([leadership.isLeader(), leadership.term()]).toEqual([false, null]);
    expect(shared).toMatchObject({ changes: 2, logged: ['leader.began', 'leader.ended'] });
    expect(leadership.replicas()).toEqual([{ ...SELF, seenAt: T + 20 * SECOND, isLeader: false }]);
  });

  it('acts as leader for 25 s after the heartbeat that made it one, however it was kept from the next', async () => {
    const { clock, leadership, shared, pass } = await lead();
    shared.isDown = true;
    await pass(10 * SECOND);
    await pass(10 * SECOND);
    clock.advance(5 * SECOND - 1);
    expect(leadership.isLeader()).toBe(true);
    clock.advance(1);
    expect([leadership.isLeader(), leadership.term()]).toEqual([false, 3]);
    shared.isDown = false;
    shared.seen = [{ ...SELF, term: 5 }]; // another one led in between
    await pass(10 * SECOND);
    expect([leadership.isLeader(), leadership.term()]).toEqual([true, 5]);
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
    expect([leadership.isLeader(), leadership.term()]).toEqual([false, null]); // others may have been elected
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

  it('reports with each heartbeat, and knows which others live', async () => {
    const other = { ...SELF, id: 'other', isLeader: false };
    const { clock, leadership, shared, beats } = await lead([SELF, other]);
    await beats(1);
    expect(shared.reports).toMatchObject([
      { catchUp: { activity: 'beat 0' } },
      { catchUp: { activity: 'beat 1' } },
    ]);
    expect(leadership.others().map(({ id }) => id)).toEqual(['other']);
    shared.isDown = true;
    clock.advance(30 * SECOND);
    expect(leadership.others()).toEqual([]);
  });

  it('leaves when it stops', async () => {
    const { leadership, shared } = await lead();
    await leadership.stop();
    expect(shared.left).toEqual(['this']);
    expect(leadership.isLeader()).toBe(false);
  });
});

describe('a leader whose work fails three times in a row', () => {
  const OTHER = { ...SELF, id: 'other', isLeader: false };

  it('lets another try after half a minute, however it leads again meanwhile', async () => {
    const { leadership, shared, beats, failures, standings } = await lead([SELF, OTHER]);
    failures.probes = 2;
    await beats(10);
    failures.probes = 3;
    await beats(3);
    expect(leadership.isLeader()).toBe(true);
    await beats(1);
    expect(leadership.isLeader()).toBe(false);
    expect(standings.slice(-2)).toEqual(['candidate', 'resigning']);
    expect(shared).toMatchObject({
      changes: 2,
      logged: ['leader.began', 'leader.resigned probes', 'leader.ended'],
    });
    await beats(1); // none of the others does it either
    expect(leadership.isLeader()).toBe(true);
    expect(standings.at(-1)).toBe('aside');
  });

  it('resigns once in a quarter of an hour', async () => {
    const { shared, clock, beats, failures, standings } = await lead([SELF, OTHER]);
    failures.alerts = 9;
    await beats(4);
    const resigned = () => shared.logged.filter((event) => event === 'leader.resigned alerts').length;
    expect(resigned()).toBe(1);
    const at = clock.now();
    while (clock.now() < at + 15 * MINUTE - 10 * SECOND) await beats(1);
    expect(resigned()).toBe(1);
    expect(standings.at(-1)).toBe('aside');
    await beats(1);
    expect(resigned()).toBe(2);
  });

  it('stays if they end meanwhile', async () => {
    const { leadership, beats, failures } = await lead([SELF, OTHER]);
    failures.probes = 5;
    await beats(3);
    failures.probes = 0;
    await beats(1);
    failures.probes = 3;
    await beats(3);
    expect(leadership.isLeader()).toBe(true);
  });

  it('stays while no other replica lives', async () => {
    const { leadership, shared, beats, failures, standings } = await lead();
    failures.probes = 9;
    await beats(20);
    expect(leadership.isLeader()).toBe(true);
    expect(new Set(standings)).toEqual(new Set(['candidate']));
    shared.seen = [SELF, OTHER];
    await beats(1);
    expect(standings.at(-1)).toBe('resigning');
  });

  it('resigns with the first heartbeat that reaches the store, and does not act before', async () => {
    const { leadership, shared, beats, failures, standings } = await lead([SELF, OTHER]);
    failures.probes = 3;
    await beats(3);
    shared.isDown = true;
    await beats(1);
    expect(leadership.isLeader()).toBe(false);
    shared.isDown = false;
    await beats(1);
    expect(standings.slice(-2)).toEqual(['candidate', 'resigning']);
  });
});

it('leads alone on a SQLite file, and never wakes for it', async () => {
  const { clock, leadership } = await lead([], 'sqlite');
  expect(leadership.isLeader() && leadership.areSettingsAgreed()).toBe(true);
  const { term: _, ...alone } = SELF;
  expect(leadership.replicas()).toEqual([alone]);
  expect(leadership.term()).toBe(0);
  expect(clock.nextWakeAt()).toBeNull();
});
