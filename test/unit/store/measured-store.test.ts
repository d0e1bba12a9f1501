import { expect, it } from 'vitest';
import { StoreError } from '../../../src/errors.ts';
import { measureStore } from '../../../src/store/measured-store.ts';
import type { Store } from '../../../src/store/store.ts';

/** A store of which each call takes 4 ms, and a meter that notes what it is told. */
function measure(methods: Record<string, () => Promise<unknown>>) {
  let at = 1_000;
  const told: unknown[][] = [];
  const slowly = Object.entries(methods).map(([name, method]) => [
    name,
    async () => {
      at += 4;
      return method();
    },
  ]);
  const store = { kind: 'sqlite', schemaVersion: 7, ...Object.fromEntries(slowly) } as Store;
  const measured = measureStore(store, () => at, {
    committed: (...commit) => void told.push(commit),
    recorded: (events) => void told.push(['recorded', events]),
    interrupted: (attempts) => void told.push(['interrupted', attempts]),
  });
  return { measured, told };
}

it('a commit of events is told of with its time, and with how many of them were stored', async () => {
  const stored = { kind: 'stored' };
  const results = [stored, { kind: 'unstorable', cause: 'x' }, stored, stored];
  const { measured, told } = measure({ record: async () => results });
  const event = { kind: 'line', line: '+12025550100', at: 0 } as never;
  const unreadable = { sealed: Buffer.alloc(1) } as never; // in the same commit, but no event
  expect(await measured.record([event, event, unreadable, event], 0)).toBe(results);
  expect(told).toEqual([
    ['events', 4, true],
    ['recorded', 2],
  ]);
});

it('events that catching up read count too', async () => {
  const { measured, told } = measure({ recordRead: async () => ({ unstorable: 1 }) });
  const event = { kind: 'line', line: '+12025550100', at: 0 } as never;
  await measured.recordRead(
    { chatId: 'a', events: [event, event, event], readAt: null, isWhole: true, change: (s) => s },
    0,
  );
  expect(told).toEqual([
    ['catch_up', 4, true],
    ['recorded', 2],
  ]);
});

it('a commit of claims and outcomes is told of, and what a crash cut off', async () => {
  const result = { settled: [], claims: [] };
  const { measured, told } = measure({
    turn: async () => result,
    recoverInterrupted: async () => ({ interrupted: 3, parked: 0 }),
  });
  expect(await measured.turn({} as never, 0)).toBe(result);
  expect(await measured.recoverInterrupted(0)).toEqual({ interrupted: 3, parked: 0 });
  expect(told).toEqual([
    ['shares', 4, true],
    ['interrupted', 3],
  ]);
});

it('a commit that fails is told of as such, and its error is passed on', async () => {
  const error = new StoreError('full', 'the disk is full');
  const { measured, told } = measure({
    record: () => Promise.reject(error),
    turn: () => Promise.reject(error),
  });
  await expect(measured.record([], 0)).rejects.toBe(error);
  await expect(measured.turn({} as never, 0)).rejects.toBe(error);
  expect(told).toEqual([
    ['events', 4, false],
    ['shares', 4, false],
  ]);
});

it('all else is the store’s own', async () => {
  const { measured, told } = measure({ sizeBytes: async () => 42 });
  expect([measured.kind, measured.schemaVersion, await measured.sizeBytes()]).toEqual(['sqlite', 7, 42]);
  expect(told).toEqual([]);
});
