import { describe, expect, it } from 'vitest';
import type { ReactorEvent } from '../../src/decide/event.ts';
import { StoreError } from '../../src/errors.ts';
import { type CommitResult, createRecorder } from '../../src/recorder.ts';
import type { Recordable } from '../../src/store/store.ts';

const STORED: CommitResult = { kind: 'stored' };
const chat = (chatId: string): ReactorEvent => ({
  kind: 'chat',
  chatId,
  outbound: null,
  inbound: null,
  health: null,
  leftAt: null,
  joinedAt: null,
});
const line: ReactorEvent = { kind: 'line', line: '+12025550100', at: 1, status: 'ACTIVE', reputation: null };
const unreadable = (webhookId: string, bytes = 100): Extract<Recordable, { sealed: Buffer }> => ({
  receivedAt: 1,
  webhookId,
  eventType: null,
  cause: 'not JSON',
  sealed: Buffer.alloc(bytes),
});
const idOf = (entry: Recordable) => {
  if ('sealed' in entry) return entry.webhookId;
  return entry.kind === 'chat' ? entry.chatId : entry.line;
};

/** A recorder whose turns of the event loop and commits happen when the test says so. */
function setUp(answer: (entry: Recordable) => CommitResult = () => STORED) {
  const turns: (() => void)[] = [];
  const groups: { ids: string[]; finish: (error?: Error) => void }[] = [];
  let nudges = 0;
  const recorder = createRecorder({
    commit: (events, now) =>
      new Promise((resolve, reject) => {
        const finish = (error?: Error) => (error === undefined ? resolve(events.map(answer)) : reject(error));
        groups.push({ ids: events.map((event) => `${idOf(event)}@${now}`), finish });
      }),
    now: () => 7,
    onRecorded: () => nudges++,
    schedule: (flush) => turns.push(flush),
  });
  /** One turn of the event loop. */
  const turnOnce = () => {
    for (const flush of turns.splice(0)) flush();
  };
  /** As many turns as it takes until one brings nothing more. */
  const turn = () => {
    while (turns.length > 0) turnOnce();
  };
  return { recorder, groups, nudges: () => nudges, turn, turnOnce, turns };
}

/** Lets all promises that can settle do so. */
const settled = async () => {
  for (let i = 0; i < 10; i++) await Promise.resolve();
};

describe('createRecorder', () => {
  it('commits all events of a turn of the event loop together, in order, once', async () => {
    const { recorder, groups, turn, turns } = setUp();
    const results = Promise.all(['a', 'b', 'a'].map((id) => recorder.record(chat(id))));
    expect(groups).toEqual([]);
    expect(turns).toHaveLength(1);
    turn();
    expect(groups.map(({ ids }) => ids)).toEqual([['a@7', 'b@7', 'a@7']]);
    groups[0]?.finish();
    expect(await results).toEqual(['stored', 'stored', 'stored']);
    expect(turns).toEqual([]);
  });

  it('waits one turn of the event loop for a single event', () => {
    const { recorder, groups, turnOnce } = setUp();
    void recorder.record(chat('a'));
    expect(groups).toEqual([]);
    turnOnce();
    expect(groups).toHaveLength(1);
  });

  it('waits for as long as each turn of the event loop brings more', () => {
    const { recorder, groups, turnOnce } = setUp();
    const record = (id: string) => void recorder.record(chat(id));
    record('a');
    for (const id of ['b', 'c']) {
      record(id);
      turnOnce();
      expect(groups).toEqual([]);
    }
    turnOnce();
    expect(groups.map(({ ids }) => ids)).toEqual([['a@7', 'b@7', 'c@7']]);
  });

  it('waits for no more events than are enough, however many keep coming', () => {
    const { recorder, groups, turnOnce } = setUp();
    const record = () => void recorder.record(chat('a'));
    record();
    for (let turns = 0; groups.length === 0 && turns < 1_000; turns++) {
      record();
      turnOnce();
    }
    expect(groups[0]?.ids).toHaveLength(256);
  });

  it('answers nobody before the commit', async () => {
    const { recorder, groups, turn } = setUp();
    let answered = false;
    const recorded = recorder.record(chat('a')).then(() => {
      answered = true;
    });
    turn();
    await settled();
    expect(answered).toBe(false);
    groups[0]?.finish();
    await recorded;
    expect(answered).toBe(true);
  });

  it('lets the next group form during a commit and then takes it whole', async () => {
    const { recorder, groups, turn } = setUp();
    const first = recorder.record(chat('a'));
    turn();
    const others = [recorder.record(chat('b')), recorder.record(chat('c'))];
    turn();
    expect(groups).toHaveLength(1);
    groups[0]?.finish();
    await first;
    await settled();
    turn();
    expect(groups[1]?.ids).toEqual(['b@7', 'c@7']);
    groups[1]?.finish();
    expect(await Promise.all(others)).toEqual(['stored', 'stored']);
  });

  it('bounds a group', async () => {
    const { recorder, groups, turn } = setUp();
    const results = Array.from({ length: 1100 }, (_, i) => recorder.record(chat(`c${i}`)));
    for (let n = 0; n < 3; n++) {
      turn();
      groups[n]?.finish();
      await settled();
    }
    expect(groups.map(({ ids }) => ids.length)).toEqual([512, 512, 76]);
    await Promise.all(results);
  });

  it('commits what cannot be read together with the events, in order, and nudges once', async () => {
    const { recorder, groups, nudges, turn } = setUp();
    const results = Promise.all([
      recorder.quarantine(unreadable('x')),
      recorder.record(chat('a')),
      recorder.quarantine(unreadable('y')),
    ]);
    turn();
    expect(groups.map(({ ids }) => ids)).toEqual([['x@7', 'a@7', 'y@7']]);
    groups[0]?.finish();
    expect(await results).toEqual([undefined, 'stored', undefined]);
    expect(nudges()).toBe(1);
  });

  it('bounds a group by what it quarantines: 1 MiB, but always one', async () => {
    const { recorder, groups, turn } = setUp();
    const sizes = [600_000, 400_000, 100_000, 3_000_000, 1, 1_048_576];
    const results = sizes.map((bytes) => recorder.quarantine(unreadable(`${bytes}`, bytes)));
    results.push(recorder.record(chat('a')).then(() => {}));
    for (let n = 0; n < 4; n++) {
      turn();
      groups[n]?.finish();
      await settled();
    }
    expect(groups.map(({ ids }) => ids)).toEqual([
      ['600000@7', '400000@7'],
      ['100000@7'],
      ['3000000@7'],
      ['1@7'],
    ]);
    turn();
    groups[4]?.finish();
    await Promise.all(results);
    expect(groups[4]?.ids).toEqual(['1048576@7', 'a@7']);
  });

  it('rejects a delivery that can neither be read nor quarantined', async () => {
    const { recorder, groups, turn } = setUp(() => ({ kind: 'unstorable', cause: 'CHECK' }));
    const failed = Promise.allSettled([recorder.quarantine(unreadable('x'))]);
    turn();
    groups[0]?.finish();
    expect(await failed).toMatchObject([{ status: 'rejected', reason: { code: 'REACTOR_STORE' } }]);
  });

  it('tells each event its own result: one that cannot be stored does not harm the others', async () => {
    const { recorder, groups, nudges, turn } = setUp((event) =>
      idOf(event) === 'bad' ? { kind: 'unstorable', cause: 'CHECK' } : STORED,
    );
    const results = Promise.all(['a', 'bad', 'b'].map((id) => recorder.record(chat(id))));
    turn();
    groups[0]?.finish();
    expect(await results).toEqual(['stored', { unstorable: 'CHECK' }, 'stored']);
    expect(nudges()).toBe(1);
  });

  it('rejects the whole group with the error of a failed commit, and goes on with the next', async () => {
    const { recorder, groups, nudges, turn } = setUp();
    const failed = Promise.allSettled([recorder.record(chat('a')), recorder.record(chat('b'))]);
    turn();
    const error = new StoreError('full', 'disk full');
    groups[0]?.finish(error);
    expect(await failed).toEqual([
      { status: 'rejected', reason: error },
      { status: 'rejected', reason: error },
    ]);
    expect(nudges()).toBe(0);
    const next = recorder.record(chat('c'));
    turn();
    groups[1]?.finish();
    expect(await next).toBe('stored');
  });

  it('rejects the group when the commit throws at once', async () => {
    const commit = () => {
      throw new StoreError('locked', 'locked');
    };
    const recorder = createRecorder({ commit, now: () => 0, onRecorded: () => {} });
    await expect(recorder.record(chat('a'))).rejects.toMatchObject({ fault: 'locked' });
    await recorder.drain();
  });

  it('rejects an event that the store left out of its results', async () => {
    const recorder = createRecorder({ commit: async () => [STORED], now: () => 0, onRecorded: () => {} });
    const results = await Promise.allSettled([recorder.record(chat('a')), recorder.record(chat('b'))]);
    expect(results).toMatchObject([
      { value: 'stored' },
      { reason: { code: 'REACTOR_STORE', fault: 'broken' } },
    ]);
  });

  it('does not nudge for a group that stored no event', async () => {
    const { recorder, groups, nudges, turn } = setUp((entry) =>
      'sealed' in entry ? STORED : { kind: 'unstorable', cause: 'CHECK' },
    );
    const results = Promise.all([recorder.quarantine(unreadable('x')), recorder.record(line)]);
    turn();
    groups[0]?.finish();
    await results;
    expect(nudges()).toBe(0);
  });

  it('answers "stored" even when the nudge throws', async () => {
    const onRecorded = () => {
      throw new Error('dispatcher is gone');
    };
    const recorder = createRecorder({
      commit: async (events) => events.map(() => STORED),
      now: () => 0,
      onRecorded,
    });
    expect(await recorder.record(chat('a'))).toBe('stored');
    expect(await recorder.record(chat('b'))).toBe('stored');
  });

  it('is drained when nothing waits and nothing is being committed', async () => {
    const { recorder, groups, turn } = setUp();
    await recorder.drain();
    let drained = false;
    const first = recorder.record(chat('a'));
    const done = recorder.drain().then(() => {
      drained = true;
    });
    turn();
    const second = recorder.record(chat('b'));
    groups[0]?.finish();
    await first;
    await settled();
    expect(drained).toBe(false);
    turn();
    groups[1]?.finish(new StoreError('busy', 'busy'));
    await expect(second).rejects.toThrow();
    await done;
    expect(drained).toBe(true);
  });
});
