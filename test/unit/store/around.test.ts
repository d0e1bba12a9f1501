import { describe, expect, it } from 'vitest';
import { StoreError, type StoreFault } from '../../../src/errors.ts';
import {
  type CallOptions,
  countEvents,
  createAround,
  createStoreWatch,
  NO_OBSERVER,
} from '../../../src/store/around.ts';
import { eventOf, lineEventOf } from '../../helpers/builders.ts';

/** A storage whose calls take 4 ms each; what it reports and does is noted. */
function createStorage(fails: { place?: StoreFault; room?: StoreFault } = {}) {
  const told: unknown[][] = [];
  let at = 1_000;
  const note =
    (name: string, fault?: StoreFault) =>
    (...args: unknown[]): void => {
      told.push([name, ...args]);
      if (fault !== undefined) throw new StoreError(fault, name);
    };
  const around = createAround({
    observer: {
      monotonic: () => at,
      committed: note('committed'),
      recorded: note('recorded'),
      interrupted: note('interrupted'),
      failed: (error) => void told.push(['failed', error.fault]),
    },
    toStoreError: (error) =>
      error instanceof StoreError ? error : new StoreError('broken', 'unknown', { cause: error }),
    afterWrite: note('place', fails.place),
    makeRoom: note('room', fails.room),
  });
  const call = (options?: CallOptions, result: () => unknown = () => 'done') =>
    around(() => {
      at += 4;
      return result();
    }, options);
  return { call, told };
}

const fail = (fault: StoreFault) => () => {
  throw new StoreError(fault, fault);
};

describe('around the work of a call', () => {
  it('a read has nothing but its result', async () => {
    const { call, told } = createStorage();
    expect(await call()).toBe('done');
    expect(told).toEqual([]);
  });

  it('a commit is measured, and what it wrote must be in its place', async () => {
    const { call, told } = createStorage();
    expect(await call({ isWrite: true, kind: 'shares' })).toBe('done');
    expect(told).toEqual([['place'], ['committed', 'shares', 4, true]]);
  });

  it('a database that answers later is waited for', async () => {
    const { call, told } = createStorage();
    expect(await call({ kind: 'events' }, async () => 'late')).toBe('late');
    await expect(call({ kind: 'events' }, () => Promise.reject(new Error('no')))).rejects.toThrow(StoreError);
    expect(told.map(([name]) => name)).toEqual(['committed', 'failed', 'committed']);
  });

  it('a fault is reported once, passed on as a StoreError, and its commit measured as failed', async () => {
    const { call, told } = createStorage();
    await expect(call({ isWrite: true, kind: 'events' }, fail('busy'))).rejects.toMatchObject({
      fault: 'busy',
    });
    expect(told).toEqual([
      ['failed', 'busy'],
      ['committed', 'events', 4, false],
    ]);
    await expect(
      call({}, () => {
        throw new TypeError('what the driver says');
      }),
    ).rejects.toMatchObject({ code: 'REACTOR_STORE', fault: 'broken' });
  });

  it('what isn’t in its place any more was not stored', async () => {
    const { call, told } = createStorage({ place: 'io' });
    await expect(call({ isWrite: true, kind: 'shares' })).rejects.toMatchObject({ fault: 'io' });
    expect(told).toEqual([['place'], ['failed', 'io'], ['committed', 'shares', 4, false]]);
  });

  it('a full storage gets room for the next write, where the call brings new data', async () => {
    const { call, told } = createStorage();
    await expect(call({ isWrite: true, roomAt: 7 }, fail('full'))).rejects.toMatchObject({ fault: 'full' });
    await expect(call({ isWrite: true }, fail('full'))).rejects.toMatchObject({ fault: 'full' });
    await expect(call({ isWrite: true, roomAt: 7 }, fail('busy'))).rejects.toMatchObject({ fault: 'busy' });
    expect(told).toEqual([
      ['room', 7],
      ['failed', 'full'],
      ['failed', 'full'],
      ['failed', 'busy'],
    ]);
  });

  it('a disk that fails while room is made is the greater fault', async () => {
    const { call, told } = createStorage({ room: 'io' });
    await expect(call({ roomAt: 7 }, fail('full'))).rejects.toMatchObject({ fault: 'io' });
    expect(told).toEqual([
      ['room', 7],
      ['failed', 'io'],
    ]);
  });
});

describe('a watched store', () => {
  const { committed, recorded, interrupted } = NO_OBSERVER;
  const watchAt = (at: number) => createStoreWatch(() => at, { committed, recorded, interrupted });

  it.each<[StoreFault, number]>([
    ['corrupt', 1],
    ['io', 1],
    ['full', 0],
    ['busy', 0],
    ['readonly', 0],
  ])(
    'tells of a fault (%s) only when the file must not be written any more, and remembers it',
    (fault, times) => {
      const told: StoreError[] = [];
      const watch = watchAt(7);
      watch.onBroken((error) => void told.push(error));
      expect(watch.latestFailure()).toBeNull();
      watch.failed(new StoreError(fault, 'no'));
      expect(told.map((error) => error.fault)).toEqual(Array.from({ length: times }, () => fault));
      expect(watch.latestFailure()).toEqual({ fault, at: 7 });
    },
  );

  it('tells a listener that comes later, too', () => {
    const watch = watchAt(7);
    watch.failed(new StoreError('io', 'no'));
    const told: StoreFault[] = [];
    watch.onBroken(({ fault }) => void told.push(fault));
    expect(told).toEqual(['io']);
  });

  it('remembers nothing of what the storage isn’t to blame for', () => {
    const watch = watchAt(7);
    watch.failed(new StoreError('broken', 'no'));
    expect(watch.latestFailure()).toBeNull();
  });
});

it('events of a group count when they were stored, and what can’t be read is no event', () => {
  const unreadable = { receivedAt: 0, webhookId: null, eventType: null, cause: 'x', sealed: Buffer.alloc(1) };
  const stored = { kind: 'stored' } as const;
  const results = [stored, { kind: 'unstorable', cause: 'x' } as const, stored, stored];
  expect(countEvents([eventOf(), eventOf(), unreadable, lineEventOf()], results)).toBe(2);
});
