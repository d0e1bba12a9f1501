import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
import type { Hold, Line } from '../../../../src/decide/holds.ts';
import { HOUR, MINUTE, SECOND } from '../../../../src/decide/time.ts';
import type { DispatcherSnapshot } from '../../../../src/dispatch/dispatcher.ts';
import { StoreError } from '../../../../src/errors.ts';
import { createProblemWatch, type ProblemWatchDeps } from '../../../../src/status/problems/problem-watch.ts';
import { createStoreProbe } from '../../../../src/status/problems/store-probe.ts';
import { openSqliteStore } from '../../../../src/store/sqlite/sqlite-store.ts';
import type { Store } from '../../../../src/store/store.ts';
import { createWebhookCounters, noteAuthentic, noteRefused } from '../../../../src/webhook/report.ts';
import { holdOf, LINE, lineOf, outboundOf, policyOf, T } from '../../../helpers/builders.ts';
import { createFakeClock } from '../../../helpers/clock.ts';

interface World {
  holds: Hold[];
  lines: Line[];
}

/** A watch over a real store, beside holds that a test sets. */
async function startWatch(given: Partial<ProblemWatchDeps> = {}, home = createHome()) {
  const clock = given.clock ?? createFakeClock(T);
  const store = openSqliteStore({ path: join(home, 'reactor.db'), policy: policyOf() });
  const counters = createWebhookCounters();
  const world: World = { holds: [], lines: [] };
  const logged: { event: string; fields: object }[] = [];
  const log = (fields: object, event: string) => void logged.push({ event, fields });
  const snapshot = (): DispatcherSnapshot => ({
    account: null,
    holds: world.holds,
    lines: world.lines.map((line) => ({ line, hold: null })),
    inFlight: 0,
    clockDistrustedSince: null,
  });
  const watch = createProblemWatch({
    store,
    probeStore: createStoreProbe(store, clock, () => null),
    dispatcher: { snapshot },
    clock,
    policy: policyOf(),
    ratePerLine: 2,
    silentAfterMs: 24 * HOUR,
    counters,
    backupEveryMs: 0,
    isBackupFailing: () => false,
    subscription: () => 'unknown',
    alerts: () => 'fine',
    isLeader: () => true,
    term: () => ((given.isLeader ?? (() => true))() ? 1 : null),
    replicas: () => [],
    others: () => [],
    replicaId: null,
    showNumbers: false,
    sendsAlerts: false,
    onChange: () => {},
    log: { info: log, warn: log, error: log },
    ...given,
  });
  let isOpen = true;
  const close = async () => {
    if (!isOpen) return;
    isOpen = false;
    await watch.stop();
    await store.close();
  };
  onTestFinished(close);
  return {
    watch,
    store,
    counters,
    world,
    logged,
    close,
    home,
    problems: async () => (await watch.check()).problems,
    codes: async () => (await watch.check()).problems.map(({ code }) => code),
  };
}

function createHome(): string {
  const home = mkdtempSync(join(tmpdir(), 'watch-'));
  onTestFinished(() => rmSync(home, { recursive: true }));
  return home;
}

const turns = async () => {
  for (let turn = 0; turn < 30; turn++) await new Promise((resolve) => setImmediate(resolve));
};

it('looks by itself, twice a minute, and logs each problem once when it opens and when it closes', async () => {
  const clock = createFakeClock(T);
  const { watch, world, logged } = await startWatch({ clock });
  watch.start();
  await turns();
  world.lines = [lineOf({ card: 'missing' })];
  const pass = async (ms: number) => {
    clock.advance(ms);
    await turns();
  };
  await pass(30 * SECOND - 1);
  expect(logged).toEqual([]);
  await pass(1);
  await pass(30 * SECOND);
  world.lines = [lineOf()];
  await pass(30 * SECOND);
  await pass(30 * SECOND);
  expect(logged).toEqual([
    {
      event: 'problem.opened',
      fields: {
        code: 'card_missing',
        severity: 'warning',
        since: '2026-11-03T16:00:00.000Z',
        line: '+1•••••0100',
      },
    },
    {
      event: 'problem.closed',
      fields: { code: 'card_missing', since: '2026-11-03T16:00:00.000Z', line: '+1•••••0100' },
    },
  ]);
  expect(clock.nextWakeAt()).toBe(clock.now() + 30 * SECOND);
});

it('knows over a restart since when a problem is open, and does not log it again', async () => {
  const clock = createFakeClock(T);
  const before = await startWatch({ clock });
  before.world.lines = [lineOf({ card: 'inactive', cardCheckedAt: T })];
  await before.watch.check();
  await before.close();
  clock.advance(3 * HOUR);
  const after = await startWatch({ clock }, before.home);
  after.world.lines = [lineOf({ card: 'inactive', cardCheckedAt: T + 3 * HOUR })];
  expect(await after.problems()).toMatchObject([
    { code: 'card_inactive', since: '2026-11-03T16:00:00.000Z' },
  ]);
  expect(after.logged).toEqual([]);
  after.world.lines = [lineOf()];
  expect(await after.problems()).toEqual([]);
  expect(after.logged).toMatchObject([{ event: 'problem.closed' }]);
});

it('opens store_failing when the store can be read no more, and keeps what it knew', async () => {
  const { codes, watch, store, world } = await startWatch();
  world.lines = [lineOf({ card: 'missing' })];
  expect(await codes()).toEqual(['card_missing']);
  const { summary } = store;
  store.summary = async () => {
    throw new StoreError('busy', 'database is locked');
  };
  await expect(watch.check()).rejects.toThrow('locked');
  expect(
    watch
      .book()
      ?.open()
      .map(({ code }) => code),
  ).toEqual(['card_missing', 'store_failing']);
  store.summary = summary;
  expect(await codes()).toEqual(['card_missing']);
});

it('writes down later what it could not write', async () => {
  const { watch, store, world } = await startWatch();
  const { changeProblems } = store;
  store.changeProblems = async () => {
    throw new StoreError('full', 'no space');
  };
  world.lines = [lineOf({ card: 'missing' })];
  await watch.check();
  expect(await store.problems()).toEqual([]);
  store.changeProblems = changeProblems;
  await watch.check();
  expect(await store.problems()).toMatchObject([{ code: 'card_missing', scope: LINE, since: T }]);
});

it('opens webhooks_silent after the silence that is too long, over restarts, and closes it with the next delivery', async () => {
  const clock = createFakeClock(T);
  const given = { clock, silentAfterMs: 2 * HOUR };
  const first = await startWatch(given);
  expect(await first.codes()).toEqual([]);
  first.counters.lastAcceptedAt = T;
  clock.advance(HOUR);
  await first.watch.check();
  await first.close();
  clock.advance(10 * HOUR); // nobody can deliver to a service that is down
  const second = await startWatch(given, first.home);
  expect(await second.codes()).toEqual([]);
  expect(second.counters.lastAcceptedAt).toBe(T);
  clock.advance(HOUR - 1);
  expect(await second.codes()).toEqual([]);
  clock.advance(1);
  expect(await second.problems()).toMatchObject([
    {
      code: 'webhooks_silent',
      since: new Date(T + 10 * HOUR).toISOString(),
      message: expect.stringContaining('No delivery from Linq was accepted for 2 h'),
    },
  ]);
  second.counters.lastAcceptedAt = clock.now();
  expect(await second.codes()).toEqual([]);
});

it('counts a silence from the very first start when nothing was ever accepted', async () => {
  const clock = createFakeClock(T);
  const { codes } = await startWatch({ clock });
  expect(await codes()).toEqual([]);
  clock.advance(24 * HOUR);
  expect(await codes()).toEqual(['webhooks_silent']);
});

it('notes what it knows of deliveries at most with every check, and a mere silence every five minutes', async () => {
  const clock = createFakeClock(T);
  const { watch, store, counters } = await startWatch({ clock });
  const notes: number[] = [];
  const { noteDeliveries } = store;
  store.noteDeliveries = async (news) => {
    notes.push(clock.now() - T);
    await noteDeliveries(news);
  };
  watch.start();
  await turns();
  counters.lastAcceptedAt = T + 1;
  for (let check = 0; check < 22; check++) {
    clock.advance(30 * SECOND);
    await turns();
  }
  expect(notes).toEqual([30 * SECOND, 5.5 * MINUTE, 10.5 * MINUTE]);
});

it('opens shares_overdue when chats that are due stay so though nothing closes them', async () => {
  const clock = createFakeClock(T);
  const { codes, store } = await startWatch({ clock });
  await store.record([outboundOf(T)], T);
  expect(await codes()).toEqual([]);
  clock.advance(10 * MINUTE);
  expect(await codes()).toEqual([]);
  clock.advance(SECOND);
  expect(await codes()).toEqual(['shares_overdue']);
  await store.updateChat('chat-1', (chat) => ({ ...chat, operatorHeldAt: T }), T);
  expect(await codes()).toEqual([]);
});

it('opens shares_overdue when the card of a line can never be looked at, which closes it and is told by nothing else', async () => {
  const clock = createFakeClock(T);
  let reason: 'card_unknown' | 'card_missing' = 'card_unknown';
  const snapshot = (): DispatcherSnapshot => ({
    ...{ account: null, holds: [], inFlight: 0, clockDistrustedSince: null },
    lines: [{ line: lineOf({ card: 'unknown' }), hold: { reason, since: null, until: null } }],
  });
  const { codes, store } = await startWatch({ clock, dispatcher: { snapshot } });
  await store.record([outboundOf(T)], T);
  await codes();
  clock.advance(10 * MINUTE + SECOND);
  expect(await codes()).toEqual(['shares_overdue']);
  reason = 'card_missing'; // a problem of its own
  expect(await codes()).toEqual([]);
});

it('opens disk_low, backup_stale and the subscription from what it is told, and closes them', async () => {
  const clock = createFakeClock(T);
  const told = { isFailing: true, subscription: 'missing' as 'missing' | 'inactive' | 'fine' };
  const { codes, store } = await startWatch({
    clock,
    backupEveryMs: HOUR,
    isBackupFailing: () => told.isFailing,
    subscription: () => told.subscription,
  });
  store.diskSpace = async () => ({ freeBytes: 1, totalBytes: 1e12 });
  expect(await codes()).toEqual(['subscription_missing', 'disk_low', 'backup_stale']);
  Object.assign(told, { isFailing: false, subscription: 'inactive' });
  store.diskSpace = async () => ({ freeBytes: 1e11, totalBytes: 1e12 });
  await store.noteBackup(T);
  expect(await codes()).toEqual(['subscription_inactive']);
  told.subscription = 'fine';
  clock.advance(2 * HOUR + 1);
  expect(await codes()).toEqual(['backup_stale']);
  await store.noteBackup(clock.now());
  expect(await codes()).toEqual([]);
});

it('opens signature_failures as an error while nothing was accepted, and closes it over a restart with doctor’s delivery', async () => {
  const clock = createFakeClock(T);
  const first = await startWatch({ clock });
  noteRefused(first.counters, 'mismatch', clock.now());
  clock.advance(MINUTE);
  const since = new Date(T).toISOString();
  expect(await first.problems()).toMatchObject([{ code: 'signature_failures', severity: 'error', since }]);
  await first.close();
  clock.advance(HOUR);
  const second = await startWatch({ clock }, first.home);
  // whether the secret was corrected, a delivery will tell
  expect(await second.problems()).toMatchObject([{ code: 'signature_failures', severity: 'warning', since }]);
  noteAuthentic(second.counters);
  expect(await second.codes()).toEqual([]);
});

it('opens signature_failures as a warning once something was accepted', async () => {
  const { problems, counters } = await startWatch();
  counters.accepted = 1;
  noteAuthentic(counters);
  for (let n = 0; n < 3; n++) noteRefused(counters, 'mismatch', T);
  expect(await problems()).toMatchObject([{ code: 'signature_failures', severity: 'warning' }]);
});

it('shows no client what is older than its request, even while a check is running', async () => {
  const { watch, world, store } = await startWatch();
  const { summary } = store;
  let letGo = () => {};
  const isHeld = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  store.summary = async (now) => {
    await isHeld;
    return summary(now);
  };
  const first = watch.check();
  await turns(); // it has read the holds
  world.holds = [holdOf({ reason: 'api_key_rejected', until: T })];
  const second = watch.check();
  letGo();
  expect((await first).problems).toEqual([]);
  expect((await second).problems).toMatchObject([{ code: 'api_key_rejected' }]);
});

it('repeats what the last check found, and checks only if there was none', async () => {
  const { watch, world, store } = await startWatch();
  world.holds = [holdOf({ reason: 'api_key_rejected', until: T })];
  expect(await watch.open()).toMatchObject([{ code: 'api_key_rejected' }]);
  const summary = vi.spyOn(store, 'summary');
  world.holds = [];
  expect(await watch.open()).toMatchObject([{ code: 'api_key_rejected' }]);
  expect(summary).not.toHaveBeenCalled();
  await watch.check();
  expect(await watch.open()).toEqual([]);
});

it('is told by the leader alone: other replicas show what it wrote, and go on from there when they lead', async () => {
  const clock = createFakeClock(T);
  const leader = await startWatch({ clock });
  let isLeader = false;
  const told: string[] = [];
  const store: Store = { ...leader.store, kind: 'postgres' };
  const given = { clock, store, isLeader: () => isLeader, onChange: () => told.push('news') };
  const follower = await startWatch(given);
  const missing = [lineOf({ card: 'missing' })];
  leader.world.lines = missing;
  await leader.watch.check();
  clock.advance(HOUR);
  expect(await follower.problems()).toEqual([]);
  follower.world.lines = missing;
  expect(await follower.problems()).toMatchObject([
    { code: 'card_missing', since: '2026-11-03T16:00:00.000Z' },
  ]);
  follower.counters.lastAcceptedAt = clock.now();
  leader.world.lines = [];
  follower.world.lines = [];
  expect(await follower.problems()).toEqual([]);
  expect(await leader.store.problems()).toHaveLength(1);
  expect(follower.watch.book()).toBeNull();
  expect({ told, logged: follower.logged }).toEqual({ told: [], logged: [] });
  isLeader = true;
  expect(await follower.problems()).toEqual([]);
  expect(await leader.store.problems()).toEqual([]);
  expect(follower.watch.book()).not.toBeNull();
  expect(follower.logged).toMatchObject([{ event: 'problem.closed', fields: { code: 'card_missing' } }]);
  expect(told).toEqual(['news']);
});

it('reads the book again before it leads again, also if it could not be read in between', async () => {
  const clock = createFakeClock(T);
  const other = await startWatch({ clock });
  let isLeader = true;
  let isDown = false;
  const summary: Store['summary'] = (now) =>
    isDown ? Promise.reject(new StoreError('unavailable', 'gone')) : other.store.summary(now);
  const store: Store = { ...other.store, kind: 'postgres', summary };
  const again = await startWatch({ clock, store, isLeader: () => isLeader });
  expect(await again.problems()).toEqual([]);
  [isLeader, isDown] = [false, true];
  await expect(again.watch.check()).rejects.toThrow(StoreError);
  const missing = [lineOf({ card: 'missing' })];
  other.world.lines = missing;
  await other.watch.check();
  clock.advance(MINUTE);
  [isLeader, isDown] = [true, false];
  again.world.lines = missing;
  expect(await again.problems()).toMatchObject([{ since: '2026-11-03T16:00:00.000Z' }]);
  expect(again.logged).toEqual([]);
});

it('alerts that the store fails while nobody could take over, and its end, or leaves that to who leads then', async () => {
  const clock = createFakeClock(T);
  const home = await startWatch({ clock });
  const now: { isLeader: boolean; term: number | null; isDown: boolean } = {
    isLeader: true,
    term: 1,
    isDown: false,
  };
  const summary: Store['summary'] = (at) =>
    now.isDown ? Promise.reject(new StoreError('unavailable', 'gone')) : home.store.summary(at);
  const store: Store = { ...home.store, kind: 'postgres', summary };
  const given = {
    clock,
    store,
    sendsAlerts: true,
    isLeader: () => now.isLeader,
    term: () => now.term,
  };
  const { watch, logged } = await startWatch(given);
  await watch.check();
  const fail = async () => {
    Object.assign(now, { isLeader: false, isDown: true }); // its lease has run out
    await expect(watch.check()).rejects.toThrow(StoreError);
    const opening = watch.book()?.nextToSend(clock.now()) ?? null;
    if (opening !== null) watch.book()?.sent(opening, 'taken', clock.now());
    return opening;
  };
  expect(await fail()).toMatchObject({ event: 'opened', problem: { code: 'store_failing' } });
  Object.assign(now, { isLeader: true, isDown: false });
  await watch.check();
  const closing = watch.book()?.nextToSend(clock.now());
  expect(closing).toMatchObject({ event: 'closed', problem: { code: 'store_failing' } });
  if (closing) watch.book()?.sent(closing, 'taken', clock.now());
  expect(watch.own()).toEqual([]);
  expect(logged.map(({ event }) => event)).toEqual(['problem.opened', 'problem.closed']);

  clock.advance(HOUR);
  expect(await fail()).not.toBeNull();
  Object.assign(now, { term: null, isDown: false }); // another one leads
  await watch.check();
  expect(watch.book()).toBeNull();
  expect(watch.own()).toMatchObject([{ code: 'store_failing', since: T + HOUR, detail: 'unavailable' }]);
  clock.advance(90 * SECOND);
  expect(watch.own()).toEqual([]);
});

it('reads again what is stored when another one led before this one leads again', async () => {
  const clock = createFakeClock(T);
  const home = await startWatch({ clock });
  const now = { isLeader: true, term: 1 as number | null, isDown: false };
  const summary: Store['summary'] = (at) =>
    now.isDown ? Promise.reject(new StoreError('unavailable', 'gone')) : home.store.summary(at);
  const store: Store = { ...home.store, kind: 'postgres', summary };
  const given = { clock, store, sendsAlerts: true, isLeader: () => now.isLeader, term: () => now.term };
  const { watch } = await startWatch(given);
  await watch.check();
  Object.assign(now, { isLeader: false, isDown: true }); // cut off; meanwhile another one leads
  await expect(watch.check()).rejects.toThrow(StoreError);
  const known = { code: 'card_missing', scope: LINE, since: T, alertedAt: T, closedAt: null };
  await store.changeProblems([known], []);
  Object.assign(now, { isLeader: true, term: 3, isDown: false });
  expect(watch.book()).toBeNull();
  await watch.check();
  const closing = { event: 'closed', problem: { code: 'card_missing', scope: LINE } };
  expect(watch.book()?.nextToSend(clock.now())).toMatchObject(closing);
});

it('hears of deliveries that other replicas accepted', async () => {
  const clock = createFakeClock(T);
  const one = await startWatch({ clock });
  const store: Store = { ...one.store, kind: 'postgres' };
  const other = await startWatch({ clock, store, isLeader: () => false });
  const leader = await startWatch({ clock, store });
  await leader.watch.check();
  clock.advance(24 * HOUR);
  expect(await leader.codes()).toEqual(['webhooks_silent']);
  other.counters.lastAcceptedAt = clock.now();
  other.watch.start();
  await turns();
  await turns();
  expect((await store.summary(T)).deliveryNews).toMatchObject({ lastAcceptedAt: clock.now() });
  expect(await leader.codes()).toEqual([]);
});
