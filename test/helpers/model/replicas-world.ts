import type { Policy } from '../../../src/decide/policy.ts';
import { MINUTE, SECOND } from '../../../src/decide/time.ts';
import type { Store } from '../../../src/store/store.ts';
import { T } from '../builders.ts';
import { createFakeClock } from '../clock.ts';
import { adoptEnds, adoptInterrupted } from './adopt.ts';
import type { CutAttempt } from './answers.ts';
import { CARD_BACKOFF_MS, type Look } from './closures.ts';
import { beginLife, type Life } from './life.ts';
import { type Crashing, createModelLinq } from './linq.ts';
import { createOracle } from './oracle.ts';
import { comeToRest } from './rest.ts';
import type { World, WorldOptions } from './world.ts';

export interface ReplicasOptions extends Omit<WorldOptions, 'directory'> {
  readonly replicas: number;
  readonly open: (policy: Policy) => Promise<Store>;
  /** The open attempts by their chat, with what only their rows know. */
  readonly readLeases: () => Promise<ReadonlyMap<string, CutAttempt>>;
}

/** Everybody looks every second: of a long time, only so much is gone through at each end. */
const PART_MS = 8 * SECOND;

/**
 * The same world with several processes that share a store: what happens, happens to one of them in turn. They have one
 * clock, which nobody sets here, and their database isn't restored.
 */
export async function createReplicasWorld(options: ReplicasOptions): Promise<World> {
  const { mood, replicas, open, readLeases } = options;
  const clock = createFakeClock(T, Number.POSITIVE_INFINITY);
  const oracle = createOracle({ ...options });
  const trueNow = () => T + clock.monotonic();
  let turn = 0;
  let crashes = 0;
  let lives: Life[] = [];
  let leader: object | null = null;
  const crashing: Crashing = {
    at: null,
    kill(life) {
      life.isDead = true;
      crashing.at = null;
      crashes++;
    },
  };
  const linq = createModelLinq({
    ...{ clock, oracle, mood, trueNow, crashing },
    onArrival: (chatId, store) => adoptInterrupted(oracle, store, chatId),
  });
  const alive = () => lives.filter(({ isDead }) => !isDead);
  /** One after the other. */
  const next = (): Life => alive()[turn++ % alive().length] ?? (lives[0] as Life);

  async function rest(isAtRest: (life: Life) => boolean): Promise<void> {
    const waiting = () => lives.flatMap((life) => [...life.waiting]);
    for (;;) {
      while (waiting().length > 0) await Promise.race(waiting()); // the server takes its time
      await comeToRest(clock, () => waiting().length > 0 || (!linq.isAnswering() && alive().every(isAtRest)));
      if (waiting().length === 0) return;
    }
  }

  async function begin(): Promise<void> {
    const store = await open(options.policy);
    oracle.joined(options.policy, trueNow());
    const role = (life: object) => {
      leader ??= life;
      return { isLeader: () => leader === life, mayRedecide: () => true };
    };
    const surroundings = { oracle, clock, calls: linq.calls, crashing, replica: role };
    lives.push(await beginLife(options, store, surroundings));
  }

  async function idle(): Promise<void> {
    await rest(({ sleeping }) => sleeping > 0);
    if (lives.some(({ isDead }) => isDead)) return revive();
    await adoptEnds(oracle, next().store);
    for (const { chatId, answered } of oracle.calls())
      if (answered !== null) oracle.fail(`${chatId} was answered, and nobody wrote that down`);
    oracle.keep();
  }

  /** Others take the place of those that have ended, which leave open what they had begun. */
  async function revive(): Promise<void> {
    await rest(({ sleeping }) => sleeping > 0);
    const gone = lives.filter(({ isDead }) => isDead);
    for (const { store } of gone) await store.close();
    lives = alive();
    const store = lives[0]?.store ?? (await open(options.policy));
    await bury(store); // before anybody begins: what is open then is of those that have ended
    if (lives.length === 0) await store.close();
    while (lives.length < replicas) await begin();
    await idle();
  }

  async function bury(store: Store): Promise<void> {
    await adoptEnds(oracle, store);
    const known = new Set(oracle.orphans().map(({ attemptId }) => attemptId));
    const isOurs = (by: object) => lives.some((life) => life === by);
    for (const { by, attemptId } of oracle.calls()) if (isOurs(by)) known.add(attemptId);
    for (const [chatId, attempt] of await readLeases())
      if (!known.has(attempt.attemptId)) oracle.orphaned(chatId, attempt);
    for (const call of oracle.calls())
      if (!isOurs(call.by)) oracle.fail(`${call.chatId}: no attempt on record of a call at ${call.at}`);
    const cards = (await store.lines()).flatMap(({ line, card, cardCheckedAt: at }): [string, Look][] =>
      at === null ? [] : [[line, { isActive: card === 'active', at }]],
    );
    oracle.looksAre(new Map(cards)); // what one of them alone knew is gone with it
    if (!lives.some((life) => life === leader)) leader = lives[0] ?? null;
  }

  /** The next instant at which anybody wants to do anything; in ms from now. */
  function nextInMs(): number {
    const wakeInMs = (clock.nextWakeAt() ?? Number.POSITIVE_INFINITY) - clock.now();
    return Math.max(0, Math.min(wakeInMs, linq.nextAnswerInMs() ?? Number.POSITIVE_INFINITY));
  }

  function advance(ms: number): void {
    clock.advance(ms);
    linq.answer();
  }

  async function leap(ms: number): Promise<void> {
    advance(ms);
    if (ms > SECOND) oracle.troubled(trueNow()); // nobody was awake meanwhile
    await idle();
  }

  function watch(): void {
    const now = trueNow();
    if (mood.card !== 'active') oracle.troubled(now + CARD_BACKOFF_MS + MINUTE);
    for (const chatId of oracle.neglected(now)) oracle.fail(`${chatId} is neglected at ${now}`);
  }

  async function run(ms: number): Promise<void> {
    if (ms <= 2 * PART_MS) return pass(ms);
    await pass(PART_MS);
    await leap(ms - 2 * PART_MS);
    await pass(PART_MS);
  }

  async function pass(ms: number): Promise<void> {
    const end = clock.monotonic() + ms;
    for (;;) {
      await idle();
      watch();
      const leftMs = end - clock.monotonic();
      if (leftMs <= 0) return;
      advance(Math.min(nextInMs(), leftMs));
    }
  }

  async function stop(life: Life): Promise<void> {
    let isOver = false;
    void life.dispatcher.stop().then(() => {
      isOver = true;
    });
    for (;;) {
      await rest((one) => one === life || one.sleeping > 0);
      if (isOver || life.isDead) break;
      await adoptEnds(oracle, life.store);
      advance(Math.min(nextInMs(), SECOND));
    }
    if (life.isDead) return;
    await adoptEnds(oracle, life.store);
    for (const { chatId, by } of oracle.calls())
      if (by === life) oracle.fail(`${chatId} is left leased by a stop in good order`);
    life.isDead = true;
  }

  for (let index = 0; index < replicas; index++) await begin();
  await idle();
  return {
    clock,
    oracle,
    mood,
    store: () => next().store,
    dispatcher: () => next().dispatcher,
    trueNow,
    idle,
    run,
    leap,
    async deliver(...events) {
      for (const event of events) {
        if (event.kind === 'chat') oracle.toldChat(event, trueNow());
        else if (event.kind === 'line') oracle.toldLine(event, trueNow());
      }
      const { store, dispatcher } = next();
      await store.record(events, clock.now());
      if (events.some(({ kind }) => kind === 'line')) dispatcher.linesChanged();
      else dispatcher.nudge();
      await idle();
    },
    async crash(point) {
      if (point !== 'at once') crashing.at = point;
      else {
        crashing.kill(next());
        await idle();
      }
    },
    spare(point) {
      if (crashing.at === point) crashing.at = null;
    },
    /** All of them if the settings change, else one. */
    async restart(policy, isCrash, downMs = 0) {
      const struck = Object.keys(policy).length > 0 ? alive() : [next()];
      for (const life of struck) {
        if (isCrash) crashing.kill(life);
        else if (!life.isDead) await stop(life);
      }
      clock.advance(downMs);
      options.policy = { ...options.policy, ...policy };
      await revive();
    },
    backUp: async () => {},
    restore: async () => {},
    crashes: () => crashes,
    async close() {
      for (const life of lives) life.isDead = true;
      await Promise.all(lives.map(({ store }) => store.close()));
    },
  };
}
