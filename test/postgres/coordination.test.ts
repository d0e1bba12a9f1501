import type pg from 'pg';
import { afterEach, describe, expect, it } from 'vitest';
import { HOUR, SECOND } from '../../src/decide/time.ts';
import type { Store } from '../../src/store/store.ts';
import { holdOf, LINE, lineEventOf, OTHER_LINE, outboundOf, policyOf, T } from '../helpers/builders.ts';
import { createPostgresHome, withClient } from '../helpers/postgres-home.ts';
import { claim, claimOne, definite, LEASE_MS, turnOf, verdictOf } from '../helpers/store/use-store.ts';

const opened: Store[] = [];

async function openTwo() {
  const home = createPostgresHome();
  const [one, two] = (await Promise.all([home.open(policyOf()), home.open(policyOf())])) as [Store, Store];
  opened.push(one, two);
  const schema = `"${home.schema.replaceAll('"', '""')}"`;
  return { one, two, url: home.url, schema };
}

afterEach(async () => {
  await Promise.all(opened.splice(0).map((store) => store.close()));
});

/** Runs the body while another process has locked these rows. */
function whileLocked(url: string, rows: string, body: () => Promise<void>): Promise<void> {
  return withClient(url, async (client: pg.Client) => {
    await client.query('BEGIN');
    await client.query(`SELECT 1 FROM ${rows} FOR NO KEY UPDATE`);
    await body();
    await client.query('ROLLBACK');
  });
}

const limited = holdOf({ reason: 'rate_limited', until: T + SECOND });
const key = { scope: null, reason: 'rate_limited' } as const;
const ofLine = (line = LINE, limit = 5) => ({ line, limit });
const requestOf = (ratePerLine = 0, lines = [ofLine()]) => {
  return { lines, total: 9, leaseUntil: T + LEASE_MS, ratePerLine };
};

describe('the version of holds and lines', () => {
  const CHANGES: readonly (readonly [string, (store: Store) => Promise<unknown>])[] = [
    ['a hold that an operator puts', (store) => store.putHold(holdOf({ reason: 'paused' }))],
    ['a hold that an operator ends', (store) => store.endHold(null, 'paused')],
    ['a hold that a turn opens', (store) => store.turn(turnOf({ holds: [limited] }), T)],
    ['a hold that a turn ends', (store) => store.turn(turnOf({ endedHolds: [key] }), T)],
    [
      'a look at a card',
      (store) => store.turn(turnOf({ cards: [{ line: LINE, card: 'active', cardCheckedAt: T }] }), T),
    ],
    ['a line that is cleared', (store) => store.turn(turnOf({ cleared: [{ line: LINE, clearedAt: T }] }), T)],
    ['what an event says of a line', (store) => store.record([lineEventOf({ status: 'FLAGGED' })], T)],
    ['the first chat of a new line', (store) => store.record([outboundOf(T, { line: OTHER_LINE })], T)],
    [
      'a new line that a look-up finds',
      async (store) => {
        await store.record([outboundOf(T, { chatId: 'unknown', line: null })], T);
        const [taken] = await claim(store, T, { lines: [{ line: null, limit: 1 }] });
        const facts = { line: OTHER_LINE, service: 'iMessage', isGroup: false, health: null };
        await store.addLookedUp(definite(taken), facts, T);
      },
    ],
    [
      'a new line that catching up finds',
      (store) =>
        store.recordRead(
          {
            chatId: 'read',
            events: [outboundOf(T, { chatId: 'read', line: OTHER_LINE })],
            readAt: T,
            isWhole: true,
            change: (same) => same,
          },
          T,
        ),
    ],
    ['a corrected clock', (store) => store.shiftClock(HOUR, T + HOUR)],
  ];

  it.each(CHANGES)('grows with %s', async (_, change) => {
    const { one, two } = await openTwo();
    await one.record([lineEventOf()], T);
    const before = await two.sharedVersion();
    await change(one);
    expect(await two.sharedVersion()).toBe(before + 1);
    const { version } = await two.turn(turnOf({ version: before, claim: requestOf() }), T);
    expect(version).toBeNull();
  });

  it('stays with what changes neither', async () => {
    const { one, two } = await openTwo();
    await one.record([lineEventOf(), outboundOf(T)], T);
    const before = await two.sharedVersion();
    await one.record([lineEventOf(), lineEventOf({ at: T - 1, status: 'FLAGGED' })], T);
    await one.record([outboundOf(T + 1), outboundOf(T, { chatId: 'other' })], T + 1);
    const result = await two.turn(turnOf({ version: before, claim: requestOf() }), T + 1);
    expect(result).toMatchObject({ version: before, claims: [{}, {}] });
  });

  it('a turn of an old one settles and tells what it learnt, but claims nothing', async () => {
    const { one, two } = await openTwo();
    await one.record([outboundOf(T), outboundOf(T, { chatId: 'next' })], T);
    const [taken] = await claim(one, T, { total: 1 });
    const version = await one.sharedVersion();
    const known = holdOf({ reason: 'rate_limited', until: T + 9 * SECOND, step: 3 });
    await two.turn(turnOf({ version, holds: [known] }), T);
    const settlement = { claim: definite(taken), endedAt: T, result: verdictOf() };
    const late = { version, settlements: [settlement], holds: [{ ...limited, since: T - 5 }] };
    const result = await one.turn(turnOf({ ...late, claim: requestOf() }), T);
    expect(result).toMatchObject({ settled: [{ isOurs: true }], claims: [], version: null });
    expect(await two.holds()).toEqual([{ ...known, since: T - 5 }]);
    expect(await one.turn(turnOf({ version: version + 2, claim: requestOf() }), T)).toMatchObject({
      version: version + 2,
      claims: [{ chat: { chatId: 'next' } }],
    });
  });

  it('a turn that knows it replaces what is stored, and tells the version that it makes', async () => {
    const { one } = await openTwo();
    await one.turn(turnOf({ holds: [{ ...limited, step: 7 }] }), T);
    const version = await one.sharedVersion();
    const result = await one.turn(turnOf({ version, holds: [{ ...limited, since: T + 5, step: 0 }] }), T);
    expect(result.version).toBe(version + 1);
    expect(await one.holds()).toEqual([{ ...limited, since: T + 5, step: 0 }]);
  });

  it('a probe ends no hold that another extended, an operator does', async () => {
    const { one, two } = await openTwo();
    await one.turn(turnOf({ holds: [limited] }), T);
    const version = await one.sharedVersion();
    await two.turn(turnOf({ version, holds: [{ ...limited, until: T + HOUR }] }), T);
    await one.turn(turnOf({ version, endedHolds: [{ ...key, until: limited.until }] }), T);
    expect(await one.holds()).toMatchObject([{ until: T + HOUR }]);
    await one.turn(turnOf({ version, endedHolds: [key] }), T);
    expect(await one.holds()).toEqual([]);
  });

  it('a turn that changes them waits for another that does, and is not current then', async () => {
    const { one, url, schema } = await openTwo();
    const version = await one.sharedVersion();
    let turn: ReturnType<Store['turn']> | null = null;
    await withClient(url, async (client) => {
      await client.query('BEGIN');
      await client.query(`UPDATE ${schema}.control SET version = version + 1`);
      turn = one.turn(turnOf({ version, holds: [limited] }), T);
      await withClient(url, untilWaiting);
      await client.query('COMMIT');
    });
    expect(await turn).toMatchObject({ version: null });
    expect(await one.sharedVersion()).toBe(version + 2);
  });

  async function untilWaiting(client: pg.Client): Promise<void> {
    for (let isWaiting = false; !isWaiting; ) {
      const { rowCount } = await client.query(
        `SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%.control %'`,
      );
      isWaiting = (rowCount ?? 0) > 0;
    }
  }
});

describe('the pace of a line', () => {
  it('is that of all replicas together, which know each other’s starts', async () => {
    const { one, two } = await openTwo();
    await one.record(
      Array.from({ length: 4 }, (_, index) => outboundOf(T, { chatId: `chat-${index}` })),
      T,
    );
    const first = await one.turn(turnOf({ claim: requestOf(2) }), T);
    expect(first).toMatchObject({ claims: [{}], starts: new Map([[LINE, [T]]]), isContended: false });
    const second = await two.turn(turnOf({ claim: requestOf(2) }), T + 100);
    expect(second).toMatchObject({ claims: [], starts: new Map([[LINE, [T]]]), isContended: false });
    const third = await two.turn(turnOf({ claim: requestOf(2) }), T + 505);
    expect(third).toMatchObject({ claims: [{}], starts: new Map([[LINE, [T, T + 505]]]) });
  });

  it('counts a share that an operator asked for', async () => {
    const { one, two } = await openTwo();
    await one.record([outboundOf(T), outboundOf(T, { chatId: 'asked' })], T);
    await one.claimManually('asked', T + LEASE_MS, T);
    const result = await two.turn(turnOf({ claim: requestOf(1) }), T + 5);
    expect(result).toMatchObject({ claims: [], starts: new Map([[LINE, [T]]]) });
  });

  it('begins anew by the corrected clock', async () => {
    const { one } = await openTwo();
    await one.record([outboundOf(T), outboundOf(T, { chatId: 'next' })], T);
    expect((await one.turn(turnOf({ claim: requestOf(1) }), T)).claims).toHaveLength(1);
    await one.shiftClock(-5, T);
    expect(await one.turn(turnOf({ claim: requestOf(1) }), T)).toMatchObject({ claims: [{}] });
  });

  it('leaves a line to the replica that is just claiming from it, and says so', async () => {
    const { one, url, schema } = await openTwo();
    await one.record([outboundOf(T), outboundOf(T, { chatId: 'other', line: OTHER_LINE })], T);
    const request = requestOf(5, [ofLine(), ofLine(OTHER_LINE)]);
    const gate = `${schema}.line_gates WHERE line_id = (SELECT id FROM ${schema}.lines WHERE line = '${LINE}')`;
    await whileLocked(url, gate, async () => {
      const result = await one.turn(turnOf({ claim: request }), T);
      expect(result).toMatchObject({ claims: [{ chat: { line: OTHER_LINE } }], isContended: true });
      expect([...result.starts.keys()]).toEqual([OTHER_LINE]);
    });
    const after = await one.turn(turnOf({ claim: request }), T);
    expect(after).toMatchObject({ claims: [{ chat: { line: LINE } }], isContended: false });
  });

  it('says that due chats were locked, as the front of a queue or as a probe', async () => {
    const { one, url, schema } = await openTwo();
    await one.record([outboundOf(T), outboundOf(T + 1, { chatId: 'free' })], T + 1);
    const probe = { ...requestOf(), lines: [{ ...ofLine(), isProbe: true }], total: 1 };
    await whileLocked(url, `${schema}.chats WHERE chat_id = 'chat-1'`, async () => {
      const probing = await one.turn(turnOf({ claim: probe }), T + 1);
      expect(probing).toMatchObject({ claims: [], isContended: true });
      const result = await one.turn(turnOf({ claim: requestOf() }), T + 1);
      expect(result).toMatchObject({ claims: [{ chat: { chatId: 'free' } }], isContended: true });
    });
    expect(await claimOne(one, T + 1)).toMatchObject({ chat: { chatId: 'chat-1' } });
    expect(await one.turn(turnOf({ claim: requestOf() }), T + 1)).toMatchObject({ isContended: false });
  });
});

describe('replicas', () => {
  const replicaOf = (id: string) => ({ id, version: '1.0.0', fingerprint: 'settings', startedAt: T });
  const leaderOf = (seen: Awaited<ReturnType<Store['beat']>>) =>
    seen.filter(({ isLeader }) => isLeader).map(({ id }) => id);

  /** Makes the server's clock seem to have gone on for so long. */
  const age = (url: string, schema: string, seconds: number) =>
    withClient(url, (client) =>
      client.query(
        `UPDATE ${schema}.leaders SET until_at = until_at - interval '${seconds} s';
          UPDATE ${schema}.replicas SET seen_at = seen_at - interval '${seconds} s'`,
      ),
    );

  it('see each other, and agree on one leader, though they all begin at once', async () => {
    const { one, two } = await openTwo();
    const ids = Array.from({ length: 6 }, (_, index) => `replica-${index}`);
    await Promise.all(ids.map((id, index) => (index % 2 === 0 ? one : two).beat(replicaOf(id), T)));
    const seen = await one.beat(replicaOf('replica-0'), T + 10);
    expect(seen.map(({ id }) => id)).toEqual(ids);
    expect(leaderOf(seen)).toHaveLength(1);
    expect(await two.beat(replicaOf('replica-1'), T).then(leaderOf)).toEqual(leaderOf(seen));
    for (const { seenAt } of seen) expect(seenAt).toBeGreaterThan(T - 60 * SECOND);
  });

  it('the leader leads until it leaves, or is silent for 30 s, and each next one with a new term', async () => {
    const { one, two, url, schema } = await openTwo();
    const term = async () =>
      (await withClient(url, (client) => client.query(`SELECT term::int, replica FROM ${schema}.leaders`)))
        .rows;
    const [a, b] = [replicaOf('a'), replicaOf('b')];
    expect(leaderOf(await one.beat(a, T))).toEqual(['a']);
    await age(url, schema, 29);
    expect(leaderOf(await two.beat(b, T))).toEqual(['a']);
    expect(await one.beat(a, T)).toMatchObject([{ seenAt: expect.closeTo(T, -3) }, {}]);
    await age(url, schema, 31);
    expect(leaderOf(await two.beat(b, T))).toEqual(['b']);
    expect(leaderOf(await one.beat(a, T))).toEqual(['b']);
    expect(await term()).toEqual([{ term: 2, replica: 'b' }]);
    await two.leave('b');
    const seen = await one.beat(a, T);
    expect([seen.map(({ id }) => id), leaderOf(seen)]).toEqual([['a'], ['a']]);
    expect(await term()).toEqual([{ term: 3, replica: 'a' }]);
    expect(leaderOf(await one.beat(a, T))).toEqual(['a']);
    expect(await term()).toEqual([{ term: 3, replica: 'a' }]);
  });

  it('a leader that resigns lets the others go first, and leads again if none does', async () => {
    const { one, two, url, schema } = await openTwo();
    const [a, b] = [replicaOf('a'), replicaOf('b')];
    await one.beat(a, T);
    expect(leaderOf(await one.beat(a, T, { standing: 'resigning' }))).toEqual([]);
    expect(leaderOf(await one.beat(a, T, { standing: 'aside' }))).toEqual([]);
    await age(url, schema, 24);
    expect(leaderOf(await one.beat(a, T, { standing: 'aside' }))).toEqual([]);
    expect(leaderOf(await two.beat(b, T))).toEqual(['b']);
    await two.leave('b');
    expect(leaderOf(await one.beat(a, T, { standing: 'aside' }))).toEqual([]);
    await age(url, schema, 26);
    expect(leaderOf(await one.beat(a, T, { standing: 'aside' }))).toEqual(['a']);
    await age(url, schema, 5);
    expect(leaderOf(await two.beat(b, T))).toEqual(['a']);
    await age(url, schema, 24);
    expect(leaderOf(await one.beat(a, T, { standing: 'aside' }))).toEqual(['a']); // renewed
    expect(leaderOf(await two.beat(b, T, { standing: 'resigning' }))).toEqual(['a']);
  });

  it('replace a silent leader, and forget a replica, though the server’s clock was set back', async () => {
    const { one, two, url, schema } = await openTwo();
    await one.beat(replicaOf('a'), T);
    await age(url, schema, -3600); // by an hour
    const [seen] = await two.beat(replicaOf('b'), T);
    expect(seen).toMatchObject({ id: 'a', isLeader: true, term: 1, seenAt: expect.closeTo(T, -3) });
    await age(url, schema, 29);
    expect(leaderOf(await two.beat(replicaOf('b'), T))).toEqual(['a']);
    await age(url, schema, 2);
    expect(leaderOf(await two.beat(replicaOf('b'), T))).toEqual(['b']);
    await age(url, schema, 31);
    expect(await two.beat(replicaOf('b'), T)).toMatchObject([{ id: 'b', isLeader: true, term: 2 }]);
  });

  it('tell each other what they report, whatever another version makes of it', async () => {
    const { one, two, url, schema } = await openTwo();
    const problem = { code: 'clock_skew', since: T, errorSince: null, detail: 'x' };
    const report = { problems: [problem], catchUp: { activity: 'waiting', cause: null } };
    await one.beat(replicaOf('a'), T, { report });
    expect(await two.beat(replicaOf('b'), T)).toMatchObject([{ id: 'a', report }, { id: 'b' }]);
    const strange = { problems: [{ code: 5 }, null, { ...problem, detail: 7 }], catchUp: 'no' };
    await withClient(url, (client) =>
      client.query(`UPDATE ${schema}.replicas SET report = $1 WHERE id = 'a'`, [JSON.stringify(strange)]),
    );
    expect(await two.beat(replicaOf('b'), T)).toMatchObject([
      { report: { problems: [{ ...problem, detail: null }], catchUp: null } },
      { report: { problems: [], catchUp: null } },
    ]);
  });

  it('by different settings have no chats that all are decided by one’s, until the last of the others has left or is forgotten', async () => {
    const { one, two, url, schema } = await openTwo();
    const a = replicaOf('a');
    const b = { ...replicaOf('b'), fingerprint: 'other settings' };
    const decide = async () => {
      await one.redecide('settings', 9, T);
      return decidedAs();
    };
    const decidedAs = async () => (await one.agenda(T)).decidedAs;
    await one.beat(a, T);
    expect(await decide()).toBe('settings');
    await two.beat(b, T);
    expect(await decidedAs()).toBeNull();
    expect(await decide()).toBe('settings'); // it doesn't know of the other yet
    await two.beat(b, T);
    expect(await decidedAs()).toBeNull();
    await decide();
    await two.leave('b');
    expect(await decidedAs()).toBeNull();
    await two.beat(b, T);
    await decide(); // and the other is killed
    await age(url, schema, 3_600);
    await one.beat(a, T);
    expect(await decidedAs()).toBeNull();
    expect(await decide()).toBe('settings');
    await one.beat(a, T);
    expect(await decidedAs()).toBe('settings');
  });

  it('by different settings let a correction of the clock come to all chats, and decide them once more after it', async () => {
    const { one, two } = await openTwo();
    const beat = async () => {
      await one.beat(replicaOf('a'), T);
      await two.beat({ ...replicaOf('b'), fingerprint: 'other settings' }, T);
    };
    const chatIds = ['a', 'b', 'c'];
    await one.record(
      chatIds.map((chatId) => outboundOf(T, { chatId })),
      T,
    );
    await one.shiftClock(HOUR, T + HOUR);
    const isPassDone: boolean[] = [];
    for (let batch = 0; batch < 4; batch++) {
      await beat();
      isPassDone.push(await one.redecide('settings', 1, T + HOUR));
    }
    expect(isPassDone).toEqual([false, false, false, true]);
    expect(await one.agenda(T + HOUR)).toMatchObject({ isShifting: false, decidedAs: null });
    await two.leave('b'); // it may have decided chats that the pass had come to before
    expect(await one.redecide('settings', 9, T + HOUR)).toBe(true);
    expect((await one.agenda(T + HOUR)).decidedAs).toBe('settings');
  });

  it('one that was not seen for 60 s is gone', async () => {
    const { one, two, url, schema } = await openTwo();
    await one.beat(replicaOf('a'), T);
    await age(url, schema, 61);
    expect(await two.beat(replicaOf('b'), T)).toMatchObject([{ id: 'b', isLeader: true }]);
    expect(await one.beat(replicaOf('a'), T)).toMatchObject([{ id: 'a' }, { id: 'b' }]);
  });
});
