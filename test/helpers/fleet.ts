import { setTimeout as delay } from 'node:timers/promises';
import { expect, onTestFinished } from 'vitest';
import { isShare } from '../../src/simulator/shares.ts';
import { type AlertReceiver, startAlertReceiver } from './alert-receiver.ts';
import { startBalancer } from './balancer.ts';
import type { LoadRun } from './load.ts';
import { withClient } from './postgres-home.ts';
import { createPostgresProxy, type PostgresProxy } from './postgres-proxy.ts';
import { createPostgresServer, type PostgresServer } from './postgres-server.ts';
import { readStored, type SharedStored } from './postgres-stored.ts';
import { type Exit, type Held, hold, launch, type Running, type Settings } from './process.ts';
import { findBrokenPromises, findLostFacts, groupByChat } from './promises.ts';
import { createSender } from './sender.ts';
import { findUncalledFor, findWrongStates } from './states.ts';
import { ask, isReady, listChats, readOverview, TOKEN, until } from './status.ts';
import { createTrial, type TrialOptions } from './trial.ts';

/** A replica: one process after another behind the same proxy to the database. */
export interface Member {
  readonly proxy: PostgresProxy;
  /** The one that runs, or that was ended last. */
  running: Running;
  /** Where it listens; null: nowhere yet, or no more. */
  url: string | null;
}

export interface FleetOptions extends TrialOptions {
  readonly replicas?: number;
  /** Starts of each line in a second. */
  readonly rate?: number;
  /** Of one replica, by its index. */
  readonly settingsOf?: (index: number) => Settings;
  /** The test sets the clock of the database. */
  readonly isClockOurs?: boolean;
}

/** An attempt that was cut off is repeated when its lease has run out. */
const AFTER_LEASE = { tries: 1_800, everyMs: 100 };
/** A transaction is ended after 10 s; a busy machine sees the end of it later. */
const LONGEST_MS = 15_000;

export type Fleet = Awaited<ReturnType<typeof startFleet>>;

/**
 * Replicas of the built program on one PostgreSQL with fsync on, each behind a proxy to it, with a load balancer before
 * them that repeats nothing, and a simulated Linq that they call.
 */
export async function startFleet(options: FleetOptions) {
  const { replicas = 3, rate = 25, settingsOf = () => ({}), isClockOurs = false } = options;
  const trial = await createTrial(options);
  const server = await startServer(isClockOurs);
  const alerts = await startAlertReceiver();
  const balancer = await startBalancer();
  const transactions = watchTransactions(server.url);
  const members: Member[] = [];
  const everyone: Running[] = [];
  const seen = { handovers: 0, parked: 0 };
  const released = new Set<string>();

  const aim = () => balancer.setTargets(members.flatMap(({ url }) => url ?? []));

  function settingsFor(index: number, { url }: PostgresProxy): Settings {
    return {
      ...trial.settings,
      SHARE_RATE_PER_LINE: String(rate),
      DATABASE_URL: url,
      ALERT_WEBHOOK_URL: alerts.url,
      ...settingsOf(index),
    };
  }

  const proxyOf = (index: number) => {
    const proxy = members[index]?.proxy;
    if (proxy === undefined) throw new Error(`there is no replica ${index}`);
    return proxy;
  };

  const noted = <R extends Running>(one: R): R => {
    everyone.push(one);
    return one;
  };

  /** A process that has loaded the program already, to take the place of a member's. */
  const prepare = (index: number, proxy = proxyOf(index)): Held =>
    noted(hold(trial.directory, settingsFor(index, proxy)));

  /** The same with another version of the program. */
  function launchOther(index: number, main: string): Running {
    return noted(launch(trial.directory, settingsFor(index, proxyOf(index)), [], main));
  }

  /** Resolves when the process listens. */
  async function enter(member: Member, next: Running | Held): Promise<void> {
    member.running = next;
    if ('go' in next) next.go();
    member.url = await next.listening;
    aim();
  }

  /** Ends the process of a member; requests still go to it for as long as its balancer doesn't know. */
  async function end(member: Member, signal: NodeJS.Signals): Promise<Exit> {
    const exit = await member.running.end(signal);
    member.url = null;
    aim();
    return exit;
  }

  for (let index = 0; index < replicas; index++) {
    const proxy = await createPostgresProxy(server.url, { isTcp: true });
    onTestFinished(() => proxy.close());
    members.push({ proxy, running: prepare(index, proxy), url: null });
  }
  // together, so that all of them find a database to make
  await Promise.all(members.map((member) => enter(member, member.running)));

  /** What is promised of a store that replicas use at this moment, while no delivery is under way. */
  async function check(windowMs = trial.windowMs): Promise<SharedStored> {
    const { load, simulator } = trial;
    const calls = simulator.calls.slice();
    const stored = await readStored(server.url);
    expect([
      ...findLostFacts(load.chats, stored.chats),
      ...findBrokenPromises(calls, stored.attempts, windowMs),
      ...stored.contradictions(),
      ...findTooFast(stored, rate),
    ]).toEqual([]);
    return stored;
  }

  /** Ends a round of load: all that was begun is delivered, and looked at. */
  async function endRound(run: LoadRun): Promise<void> {
    await run.stop();
    await trial.load.finish(balancer.url);
    await check();
  }

  /** Until each chat has had all its shares, those included whose attempt was cut off or that were parked. */
  async function finishShares(): Promise<void> {
    const { load } = trial;
    await load.finish(balancer.url);
    const url = members.find((member) => member.url !== null)?.url ?? '';
    const release = async () => {
      for (const { chatId } of await listChats(url, 'reason=parked')) {
        released.add(chatId);
        await ask(url, `/status/chats/${chatId}/hold`, { method: 'DELETE', headers: TOKEN });
      }
      return (await readOverview(url)).chats;
    };
    await until(
      release,
      ({ total, byState }) => total === load.chats.size && byState.done === total,
      AFTER_LEASE,
    );
    seen.parked = released.size;
  }

  /** Stops those that run, and looks at what all of them have done. */
  async function stop({ windowMs = trial.windowMs } = {}): Promise<{ stored: SharedStored }> {
    const running = members.filter(({ url }) => url !== null);
    const exits = await Promise.all(running.map((member) => member.running.end('SIGTERM')));
    expect(exits).toEqual(running.map(() => ({ code: 0, signal: null })));
    const longestMs = await transactions.stop();
    const stored = await check(windowMs);
    expect(stored.attempts.filter(({ outcome }) => outcome === null)).toEqual([]);
    const told = everyone.flatMap((one) => one.log());
    seen.handovers = told.filter(({ msg }) => msg === 'leader.began').length - 1;
    expect(findToldAgain(alerts, seen.handovers)).toEqual([]);
    expect(longestMs).toBeLessThan(LONGEST_MS);
    return { stored };
  }

  /** Lets them do all that is left, stops them and looks at what they have done. */
  async function finish(): Promise<SharedStored> {
    await finishShares();
    const { stored } = await stop();
    const possible = [204, 502, 503, ...(options.isRefusalRepeated === true ? [401] : [])];
    const statuses = [...trial.load.answers.keys()].filter((answer) => typeof answer === 'number');
    expect(statuses.filter((status) => !possible.includes(status))).toEqual([]);
    expect(findWrongStates({ ...stored, close() {}, integrity: () => 'ok' }, released)).toEqual([]);
    expect(findUncalledFor(trial.simulator.calls, trial.load)).toEqual([]);
    return stored;
  }

  /** Figures of a run, for its report. */
  async function figures(stored: SharedStored) {
    const { load, simulator } = trial;
    const count = (outcome: string) =>
      stored.attempts.filter((attempt) => attempt.outcome === outcome).length;
    return {
      ...seen,
      chats: stored.chats.size,
      acked: load.answers.get(204) ?? 0,
      unanswered: (load.answers.get(502) ?? 0) + (load.answers.get(503) ?? 0),
      calls: simulator.calls.length,
      attempts: stored.attempts.length,
      unknown: count('unknown'),
      interrupted: count('interrupted'),
      alerts: alerts.taken.length,
      longestTransactionMs: Math.round(await transactions.stop()),
    };
  }

  return {
    ...{ trial, server, balancer, alerts, members, everyone, seen },
    ...{ prepare, launchOther, enter, end, endRound, finishShares, finish, stop, figures },
  };
}

async function startServer(isClockOurs: boolean): Promise<PostgresServer> {
  const server = createPostgresServer({ settings: { max_connections: 300 }, isClockOurs });
  onTestFinished(() => server.remove());
  await server.start();
  return server;
}

/** Looks several times a second how long the oldest transaction of the service has been open, by a clock that nobody sets. */
function watchTransactions(url: string) {
  let longestMs = 0;
  let isStopped = false;
  const look = async () => {
    while (!isStopped) {
      await withClient(url, async (client) => {
        const seenSince = new Map<string, number>();
        while (!isStopped) {
          const { rows } = await client.query<{ one: string }>(
            `SELECT pid || ' ' || xact_start AS one FROM pg_stat_activity
              WHERE application_name = 'contact-card-reactor' AND xact_start IS NOT NULL`,
          );
          const now = performance.now();
          const open = new Set(rows.map(({ one }) => one));
          for (const one of seenSince.keys()) if (!open.has(one)) seenSince.delete(one);
          for (const one of open) {
            const since = seenSince.get(one) ?? now;
            seenSince.set(one, since);
            longestMs = Math.max(longestMs, now - since);
          }
          await delay(200);
        }
      }).catch(() => delay(200)); // the server is down
    }
  };
  const ended = look();
  const stop = async () => {
    isStopped = true;
    await ended;
    return longestMs;
  };
  onTestFinished(async () => void (await stop()));
  return { stop };
}

/** Lines of which more attempts than that began within a second, by the clock that decides. */
function findTooFast({ chats, attempts }: SharedStored, rate: number): string[] {
  const wrong: string[] = [];
  const starts = new Map<string, number[]>();
  for (const { chatId, startedAt } of attempts) {
    const line = chats.get(chatId)?.line ?? '';
    const ofLine = starts.get(line) ?? [];
    starts.set(line, ofLine);
    ofLine.push(startedAt);
    const first = ofLine[ofLine.length - 1 - rate];
    if (first !== undefined && startedAt - first < 1_000)
      wrong.push(`a line began ${rate + 1} attempts within ${startedAt - first} ms`);
  }
  return wrong;
}

/** Alerts that say again what was said, more often than another replica has begun to lead. */
function findToldAgain({ taken }: AlertReceiver, handovers: number): string[] {
  const times = new Map<string, number>();
  for (const { event, code, line, since } of taken) {
    const alert = JSON.stringify([event, code, line, since]);
    times.set(alert, (times.get(alert) ?? 0) + 1);
  }
  const again = [...times].filter(([, count]) => count > 1);
  const repeats = again.reduce((sum, [, count]) => sum + count - 1, 0);
  return repeats > handovers ? again.map(([alert, count]) => `told ${count} times: ${alert}`) : [];
}

/** Chats with an attempt that was counted though no call was made: every attempt stands for one call. */
export function findUnmadeCalls({ trial }: Pick<Fleet, 'trial'>, { attempts }: SharedStored): string[] {
  const calls = groupByChat(trial.simulator.calls);
  return [...groupByChat(attempts)].flatMap(([chatId, made]) => {
    const called = calls.get(chatId)?.length ?? 0;
    return made.length > called ? [`chat ${chatId}: ${made.length} attempts, ${called} calls`] : [];
  });
}

/** Each chat's share, and one call for each window at least: what was repeated had no known outcome. */
export function findUnequalShares(
  { trial }: Pick<Fleet, 'trial'>,
  { chats, attempts }: SharedStored,
): string[] {
  const calls = groupByChat(trial.simulator.calls);
  const wrong: string[] = [];
  for (const [chatId, made] of groupByChat(attempts)) {
    const unknown = made.filter(({ outcome }) => outcome !== 'shared').length;
    const called = calls.get(chatId) ?? [];
    const extra = called.filter(isShare).length - trial.maxShares;
    if (extra > unknown) wrong.push(`chat ${chatId}: ${extra} calls too many, ${unknown} of unknown outcome`);
    if (called.length < trial.maxShares && unknown === 0)
      wrong.push(`chat ${chatId}: ${called.length} calls`);
  }
  for (const { chatId } of chats.values()) if (!calls.has(chatId)) wrong.push(`chat ${chatId}: never called`);
  return wrong;
}

/** Real ms from now until every replica takes a delivery again, and until every one says that it is ready. */
export interface Recovered {
  readonly takesMs: number;
  readonly readyMs: number;
}

export async function recovery({ members, trial }: Pick<Fleet, 'members' | 'trial'>): Promise<Recovered> {
  const since = performance.now();
  const urls = members.flatMap(({ url }) => url ?? []);
  const acked = [...trial.load.chats.values()].flat().find(({ state }) => state === 'acked');
  const everyone = (isBack: (url: string) => Promise<boolean>) => async () => {
    const all = async () => (await Promise.all(urls.map(isBack))).every(Boolean);
    await until(all, (areAllBack) => areAllBack, { tries: 1_200, everyMs: 50 });
    return performance.now() - since;
  };
  const takes = async (url: string) => {
    if (acked === undefined) return true;
    const sender = createSender(url, 1);
    const answer = await sender.send(acked.body, acked.eventId);
    await sender.close();
    return answer === 204;
  };
  const [takesMs, readyMs] = await Promise.all([
    everyone(takes)(),
    everyone((url) => isReady(url).catch(() => false))(),
  ]);
  return { takesMs: Math.round(takesMs), readyMs: Math.round(readyMs) };
}

/** Of several: the longest, and the median, which says more of the program than of a busy machine. */
export function summarize(all: readonly Recovered[]) {
  const takes = all.map(({ takesMs }) => takesMs).toSorted((a, b) => a - b);
  return {
    medianTakesMs: takes[Math.floor(takes.length / 2)] ?? 0,
    slowestTakesMs: takes.at(-1) ?? 0,
    slowestReadyMs: Math.max(...all.map(({ readyMs }) => readyMs)),
  };
}
