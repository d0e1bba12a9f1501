import type { LinqAnswer } from '../../../src/decide/outcome.ts';
import { MINUTE, SECOND } from '../../../src/decide/time.ts';
import type { Attempt } from '../../../src/store/turn.ts';
import { answerOf, LINE, OTHER_LINE, outboundOf, policyOf, silenceOf, T } from '../builders.ts';
import { createFakeClock } from '../clock.ts';
import { createFakeLinq, type FakeLinq } from '../fake-linq.ts';
import { type Peer, type Reactor, startReactor } from '../reactor.ts';
import type { OpenShared } from '../replicas.ts';
import { createDice } from './random.ts';

export interface ReplicasSimulation {
  readonly seed: number;
  readonly open: OpenShared;
  readonly replicas: number;
  readonly chats: number;
  /** How many things happen before all is well again. */
  readonly happenings: number;
}

export interface SimulatedReplicas {
  readonly broken: readonly string[];
  readonly calls: number;
  readonly kills: number;
}

interface Call {
  readonly chatId: string;
  readonly replica: number;
  /** Which life of the replica made it. */
  readonly life: number;
  readonly startedAt: number;
  endedAt: number | null;
}

const LINES = [LINE, OTHER_LINE] as const;
const WINDOW_MS = 70 * SECOND;
const RATE = 2;
const POLICY = { windowMs: WINDOW_MS, idleAfterMs: 0 };
/** The pace of a line leaves a second for so many starts at most. */
const PACED_MS = SECOND;
const LEASE_MS = MINUTE;

/** What Linq says to a share for a while, and how long it takes. */
const WEATHER: Readonly<Record<string, { readonly answer: LinqAnswer; readonly isSlow?: boolean }>> = {
  fine: { answer: answerOf() },
  slow: { answer: answerOf(), isSlow: true },
  failing: { answer: answerOf(500) },
  silent: { answer: silenceOf() },
  limited: { answer: answerOf(429, 1007, { retryAfterMs: 4 * SECOND }) },
  keyless: { answer: answerOf(401, 2004) },
};

/** Minutes of several replicas over one store: killed, stopped, paused, without a leader, and Linq in every mood. */
export async function simulateReplicas(options: ReplicasSimulation): Promise<SimulatedReplicas> {
  const { seed, open } = options;
  const { random, between, chance, pick } = createDice(seed);
  const clock = createFakeClock(T, Number.POSITIVE_INFINITY);
  const linq = createFakeLinq(clock);
  const peers = new Set<Peer>();
  const broken: string[] = [];
  const calls: Call[] = [];
  const lives: number[] = Array.from({ length: options.replicas }, () => 0);
  const live: (Reactor | null)[] = lives.map(() => null);
  const heard = new Set<string>();
  let leader: number | null = 0;
  let weather = WEATHER.fine ?? { answer: answerOf() };
  let pausedAt: number | null = null;
  let kills = 0;
  const fail = (sentence: string) => void broken.push(`${sentence} at ${clock.now() - T} ms`);
  const isAlive = ({ replica, life }: Call) => live[replica] !== null && lives[replica] === life;

  linq.script.cards = (line) => ({
    kind: 'cards',
    cards: (line === null ? LINES : [line]).map((one) => ({ line: one, isActive: true })),
  });
  linq.script.share = () => {
    const { answer, isSlow } = weather;
    if (isSlow !== true) return answer;
    const none = new AbortController().signal;
    return clock.sleepUntil(clock.now() + 3 * SECOND, Number.POSITIVE_INFINITY, none).then(() => answer);
  };

  /** The calls of one replica, which are watched. */
  function linqOf(replica: number): FakeLinq {
    return {
      ...linq,
      async shareContactCard(chatId, signal) {
        const call: Call = {
          ...{ chatId, replica, life: lives[replica] ?? 0, startedAt: clock.now() },
          endedAt: null,
        };
        if (pausedAt !== null && call.startedAt > pausedAt) fail(`${chatId} is called during a pause`);
        const twin = calls.find(
          (other) => other.chatId === chatId && other.endedAt === null && isAlive(other),
        );
        if (twin !== undefined) fail(`${chatId} is called by two at once`);
        calls.push(call);
        const answer = await linq.shareContactCard(chatId, signal);
        call.endedAt = clock.now();
        return answer;
      },
    };
  }

  async function begin(replica: number): Promise<void> {
    lives[replica] = (lives[replica] ?? 0) + 1;
    const role = { isLeader: () => leader === replica, mayRedecide: () => true };
    live[replica] = await startReactor({
      ...{ policy: POLICY, concurrency: 3, ratePerLine: RATE, cardTtlMs: 30 * SECOND, random },
      ...{ store: await open(policyOf(POLICY)), replica: role, linq: linqOf(replica), clock, peers },
    });
  }

  async function end(replica: number): Promise<void> {
    const reactor = live[replica];
    if (reactor === null || reactor === undefined) return;
    if (leader === replica) leader = null;
    live[replica] = null;
    if (chance(0.6)) {
      kills++;
      await reactor.crash();
      return;
    }
    const stopping = reactor.stop();
    let isOver = false;
    void stopping.then(() => {
      isOver = true;
    });
    while (!isOver) {
      await reactor.settle();
      if (!isOver) clock.advance(SECOND);
    }
    await stopping;
  }

  const someone = () => pick(...(live.filter((one) => one !== null) as [Reactor]));

  async function happen(): Promise<void> {
    const dice = between(0, 100);
    const reactor = someone();
    if (dice < 35) {
      const chatId = `chat-${between(0, options.chats)}`;
      heard.add(chatId);
      const line = LINES[Number(chatId.slice(5)) % 2] ?? LINE;
      await reactor.deliver(outboundOf(clock.now(), { chatId, line }));
    } else if (dice < 55) {
      weather = WEATHER[pick('fine', 'fine', ...Object.keys(WEATHER))] ?? weather;
    } else if (dice < 63) {
      if (pausedAt === null) await reactor.dispatcher.pause();
      pausedAt ??= clock.now();
    } else if (dice < 71) {
      await resume(reactor);
    } else if (dice < 79) {
      if (live.filter((one) => one !== null).length > 1) await end(between(0, live.length));
    } else if (dice < 90) {
      const gone = live.indexOf(null);
      if (gone >= 0) await begin(gone);
    } else {
      const next = between(0, live.length + 1);
      leader = live[next] ? next : null;
    }
    await someone().run(between(0, 5 * SECOND));
  }

  async function resume(reactor: Reactor): Promise<void> {
    pausedAt = null;
    await reactor.dispatcher.resume();
    await reactor.idle();
  }

  for (let index = 0; index < options.replicas; index++) await begin(index);
  for (let index = 0; index < options.happenings; index++) await happen();

  // all is well again
  weather = WEATHER.fine ?? weather;
  await resume(someone());
  for (const [index, reactor] of live.entries()) if (reactor === null) await begin(index);
  leader = 0;
  const wellAt = clock.now();
  await someone().run(LEASE_MS + 2 * WINDOW_MS + 20 * SECOND);

  const { store } = someone();
  for (const chatId of heard) {
    const attempts = (await store.attempts(chatId, 1_000)).toReversed();
    for (const problem of problemsOf(
      attempts,
      calls.filter((call) => call.chatId === chatId),
    ))
      fail(`${chatId}: ${problem}`);
    const chat = await store.chat(chatId);
    if ((chat?.lastSharedAt ?? 0) < wellAt) fail(`${chatId} is forgotten: ${chat?.state} ${chat?.reason}`);
    if (chat?.lease !== null) fail(`${chatId} is left under a lease`);
    const shared = attempts.filter(({ outcome }) => outcome === 'shared').length;
    if (chat !== null && chat.shareCount < shared)
      fail(`${chatId} counts ${chat.shareCount} of ${shared} shares`);
  }
  if ((await store.holds()).length > 0) fail(`holds are left: ${JSON.stringify(await store.holds())}`);
  for (const line of LINES) {
    const starts = calls
      .filter(({ chatId }) => LINES[Number(chatId.slice(5)) % 2] === line)
      .map(({ startedAt }) => startedAt);
    const isTooFast = starts.some(
      (at, index) => index >= RATE && at - (starts[index - RATE] ?? 0) < PACED_MS,
    );
    if (isTooFast) fail(`a line starts more than ${RATE} calls in a second`);
  }
  return { broken, calls: calls.length, kills };
}

/** What contradicts itself in what is on record of a chat, or what was called. */
function* problemsOf(attempts: readonly Attempt[], calls: readonly Call[]): Iterable<string> {
  for (const [index, { startedAt, endedAt, outcome }] of attempts.entries()) {
    if (endedAt === null) yield 'an attempt never ended';
    const isCalled = calls.some(
      (call) => call.startedAt >= startedAt && call.startedAt <= startedAt + LEASE_MS,
    );
    if (outcome !== 'interrupted' && !isCalled) yield `an attempt (${outcome}) was never called`;
    const before = attempts[index - 1];
    if (before?.outcome !== 'shared' || before.endedAt === null) continue;
    if (startedAt < before.endedAt + WINDOW_MS) yield `shared again ${startedAt - before.endedAt} ms later`;
  }
  if (calls.length > attempts.length) yield `${calls.length} calls, ${attempts.length} attempts`;
}
