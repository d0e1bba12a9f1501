import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { DAY, HOUR, MINUTE, SECOND } from '../../../../../src/decide/time.ts';
import {
  type BackupSchedule,
  createBackupSchedule,
} from '../../../../../src/store/sqlite/backup/backup-schedule.ts';
import type { Store } from '../../../../../src/store/store.ts';
import { policyOf, T } from '../../../../helpers/builders.ts';
import { createFakeClock, type FakeClock } from '../../../../helpers/clock.ts';
import { createSqliteHome } from '../../../../helpers/sqlite-home.ts';

const START_MS = 2 * SECOND;
const LONG = 10_000;

let home: ReturnType<typeof createSqliteHome>;
let store: Store;
let directory: string;
let clock: FakeClock;
let schedule: BackupSchedule;
let told: { event: string; fields: object }[];

beforeEach(async () => {
  home = createSqliteHome();
  directory = join(dirname(home.path), 'backups');
  store = await home.open(policyOf());
  clock = createFakeClock(T, 40_000 * DAY);
  told = [];
  schedule = start();
});
afterEach(async () => {
  await schedule.stop();
  await store.close();
  await home.remove();
});

function start({ everyMs = DAY, keep = 3 } = {}): BackupSchedule {
  const tell = (fields: object, event: string) => void told.push({ event, fields });
  const made = createBackupSchedule({
    store,
    databasePath: home.path,
    everyMs,
    keep,
    directory,
    clock,
    log: { info: tell, warn: tell, error: tell },
  });
  made.start();
  return made;
}

const count = (event: string) => told.filter((one) => one.event === event).length;
const backups = () => (existsSync(directory) ? readdirSync(directory).sort() : []);
const nextIn = async () => {
  await vi.waitFor(() => expect(clock.nextWakeAt()).not.toBeNull(), LONG);
  return (clock.nextWakeAt() ?? 0) - clock.now();
};
/** Lets time pass and waits for what it sets off. */
async function pass(ms: number, event: string): Promise<void> {
  const before = count(event);
  clock.advance(ms);
  await vi.waitFor(() => expect(count(event)).toBe(before + 1), LONG);
}

describe('backups', () => {
  it('begin soon after the first start, and are made every BACKUP_EVERY from then on', async () => {
    expect(await nextIn()).toBe(START_MS);
    await pass(START_MS, 'backup.made');
    expect(await store.lastBackupAt()).toBe(T + START_MS);
    expect(await nextIn()).toBe(DAY);
    await pass(DAY, 'backup.made');
    expect(backups()).toEqual(['reactor-2026-11-03T16-00-02Z.db', 'reactor-2026-11-04T16-00-02Z.db']);
  });

  it('are counted from the last one over a restart', async () => {
    await pass(START_MS, 'backup.made');
    await nextIn();
    await schedule.stop();
    clock.advance(DAY - HOUR);
    schedule = start();
    expect(await nextIn()).toBe(START_MS);
    clock.advance(START_MS);
    expect(await nextIn()).toBe(HOUR - START_MS);
    await pass(HOUR - START_MS, 'backup.made');
    expect(backups()).toHaveLength(2);
  });

  it('are kept as many as were asked for', async () => {
    await pass(START_MS, 'backup.made');
    for (let day = 1; day <= 4; day++) {
      await nextIn();
      await pass(DAY, 'backup.made');
    }
    await nextIn();
    expect(backups()).toEqual([5, 6, 7].map((day) => `reactor-2026-11-0${day}T16-00-02Z.db`));
  });

  it('that fail are told of, and tried again after a minute, doubling to an hour', async () => {
    mkdirSync(dirname(directory), { recursive: true });
    writeFileSync(directory, 'no directory');
    await pass(START_MS, 'backup.failed');
    expect(schedule.failure()).toEqual({
      at: clock.now(),
      message: expect.stringMatching(/backups isn’t a directory/),
    });
    const waits = [];
    for (let i = 0; i < 8; i++) {
      waits.push(await nextIn());
      await pass(waits.at(-1) ?? 0, 'backup.failed');
    }
    expect(waits).toEqual([1, 2, 4, 8, 16, 32, 60, 60].map((minutes) => minutes * MINUTE));
    expect(await store.lastBackupAt()).toBeNull();
    rmSync(directory);
    await pass(await nextIn(), 'backup.made');
    expect(schedule.failure()).toBeNull();
    expect(await nextIn()).toBe(DAY);
  });

  it('replace what a crash left half copied', async () => {
    mkdirSync(directory, { recursive: true });
    writeFileSync(join(directory, 'reactor.partial'), 'half');
    await pass(START_MS, 'backup.made');
    expect(backups()).toEqual(['reactor-2026-11-03T16-00-02Z.db']);
  });

  it('go on when the clock is set back: none is waited for longer than BACKUP_EVERY', async () => {
    await pass(START_MS, 'backup.made');
    await nextIn();
    clock.stepWall(-365 * DAY);
    const byMs = clock.reanchor();
    await store.shiftClock(byMs, clock.now());
    clock.advance(DAY);
    await vi.waitFor(() => expect(count('backup.made')).toBe(2), LONG);
  });

  it('are given up by a stop, and leave nothing half made', async () => {
    await nextIn();
    clock.advance(START_MS);
    await vi.waitFor(() => expect(backups()).toEqual(['reactor.partial']), { timeout: LONG, interval: 1 });
    await schedule.stop();
    expect(backups()).toEqual([]);
    expect(told).toEqual([]);
    expect(await store.lastBackupAt()).toBeNull();
  });

  it('are not made unless asked for', async () => {
    await schedule.stop();
    schedule = start({ everyMs: 0 });
    expect(clock.nextWakeAt()).toBeNull();
  });
});
