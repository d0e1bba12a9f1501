import { setMaxListeners } from 'node:events';
import { setImmediate as eventLoopTurn } from 'node:timers/promises';
import { liveLease } from '../../../src/decide/chat.ts';
import { SECOND } from '../../../src/decide/time.ts';
import type { ServerDate } from '../../../src/dispatch/clock-guard.ts';
import type { LinqCalls } from '../../../src/dispatch/ports.ts';
import type { Store } from '../../../src/store/store.ts';
import type { FakeClock } from '../clock.ts';
import { adoptLookUp } from './adopt.ts';
import { ANSWERS, type AnswerName, CUT, type ModelAnswer } from './answers.ts';
import type { Call, Oracle } from './oracle.ts';
import type { CardMode, CrashPoint, LookUpMode } from './steps.ts';

/** What Linq says from now on. */
export interface Mood {
  /** The next answers, one each; then the usual one. */
  answers: AnswerName[];
  usual: AnswerName;
  card: CardMode;
  lookUp: LookUpMode;
  /** What the API tells of a chat's line and group. */
  readonly lineOf: (chatId: string) => string;
  readonly isGroup: (chatId: string) => boolean;
}

/** One process, as far as those outside of it have to know. */
export interface Mortal {
  readonly store: Store;
  isDead: boolean;
  onDate: (date: ServerDate) => void;
}

export interface Crashing {
  /** Where the process is to die next; null: nowhere. */
  at: CrashPoint | null;
  kill(life: Mortal): void;
}

export interface ModelLinqOptions {
  readonly clock: FakeClock;
  readonly oracle: Oracle;
  readonly mood: Mood;
  /** The time that everybody else goes by. */
  readonly trueNow: () => number;
  readonly crashing: Crashing;
  /** Before the oracle learns of a call. */
  readonly onArrival?: (chatId: string, store: Store) => Promise<void>;
}

const NEVER = new Promise<never>(() => {});
type Reply<K extends keyof LinqCalls> = Awaited<ReturnType<LinqCalls[K]>>;

/** A Linq that tells the oracle of every call as it arrives, and answers as its mood is, at once or later. */
export function createModelLinq({ clock, oracle, mood, trueNow, crashing, ...rest }: ModelLinqOptions) {
  const { onArrival = async () => {} } = rest;
  let answering = 0;
  const timers = new Set<{ readonly at: number; readonly fire: () => void }>();

  function after(ms: number, signal: AbortSignal | undefined): Promise<'cut' | 'over'> {
    return new Promise((resolve) => {
      const timer = { at: clock.monotonic() + ms, fire: () => end('over') };
      const end = (how: 'cut' | 'over') => {
        timers.delete(timer);
        resolve(how);
      };
      timers.add(timer);
      if (signal !== undefined) setMaxListeners(0, signal);
      signal?.addEventListener('abort', () => end('cut'), { once: true });
    });
  }

  /** Lets an answer take its time; tells our clock what time it is at Linq's. */
  async function travel(
    life: Mortal,
    afterMs: number,
    signal: AbortSignal | undefined,
  ): Promise<'cut' | 'over'> {
    const requestedAt = clock.systemNow();
    const sentAt = clock.monotonic();
    if (signal?.aborted === true) return 'cut';
    const end = afterMs > 0 ? await after(afterMs, signal) : 'over';
    answering++;
    await eventLoopTurn();
    answering--;
    if (life.isDead) return NEVER;
    const serverAt = Math.floor(trueNow() / SECOND) * SECOND;
    if (end === 'over')
      life.onDate({
        serverAt,
        requestedAt,
        receivedAt: clock.systemNow(),
        tookMs: clock.monotonic() - sentAt,
      });
    return end;
  }

  /** Reads the attempt that is on record as the call arrives, as it has to be. */
  async function arrive(life: Mortal, chatId: string): Promise<Call> {
    answering++;
    try {
      return await takeIn(life, chatId);
    } finally {
      answering--;
    }
  }

  async function takeIn(life: Mortal, chatId: string): Promise<Call> {
    const { store } = life;
    const [chat, [attempt]] = await Promise.all([store.chat(chatId), store.attempts(chatId, 1)]);
    await onArrival(chatId, store);
    if (chat === null || attempt === undefined)
      throw new Error(`${chatId} was called and is nowhere on record`);
    adoptLookUp(oracle, chat, trueNow());
    if (liveLease(chat, clock.now()) === null || attempt.endedAt !== null)
      oracle.fail(`${chatId} was called without lease and open attempt`);
    const { attemptId, trigger } = attempt;
    return {
      attemptId,
      chatId,
      line: chat.line,
      isByHand: trigger === 'manual',
      at: trueNow(),
      by: life,
      answered: null,
    };
  }

  async function hear(life: Mortal, call: Call, answer: ModelAnswer, signal: AbortSignal | undefined) {
    const isCut = (await travel(life, answer.afterMs, signal)) === 'cut';
    const told = isCut ? CUT : answer;
    oracle.answered(call, told, trueNow());
    return told.answer;
  }

  const calls = (life: Mortal): LinqCalls => ({
    async shareContactCard(chatId, signal) {
      if (life.isDead) return NEVER;
      if (crashing.at === 'call not sent') {
        crashing.kill(life);
        return NEVER;
      }
      const call = await arrive(life, chatId);
      oracle.called(call);
      const answer = ANSWERS[mood.answers.shift() ?? mood.usual];
      if (crashing.at === 'answer lost') {
        crashing.kill(life);
        return NEVER;
      }
      return hear(life, call, answer, signal);
    },
    async contactCards(line, signal): Promise<Reply<'contactCards'>> {
      if (life.isDead) return NEVER;
      const { card } = mood;
      if ((await travel(life, 0, signal)) === 'cut') return { kind: 'failed', answer: CUT.answer };
      if (card === 'failing') {
        const at = trueNow();
        const look = { chatId: null, isFirst: false, line: null, startedAt: at, at };
        oracle.lookFailed(line, { ...look, answer: ANSWERS.failing });
        return { kind: 'failed', answer: ANSWERS.failing.answer };
      }
      oracle.looked(line, card === 'active', trueNow());
      const isKnown = line !== null && card !== 'missing';
      return { kind: 'cards', cards: isKnown ? [{ line, isActive: card === 'active' }] : [] };
    },
    async chat(chatId, signal): Promise<Reply<'chat'>> {
      if (life.isDead) return NEVER;
      const call = await arrive(life, chatId);
      oracle.began(call);
      const { lookUp } = mood;
      if (lookUp === 'gone' || lookUp === 'failing') {
        return { kind: 'failed', answer: await hear(life, call, ANSWERS[lookUp], signal) };
      }
      if ((await travel(life, 0, signal)) === 'cut') {
        oracle.answered(call, CUT, trueNow());
        return { kind: 'failed', answer: CUT.answer };
      }
      const told = { line: mood.lineOf(chatId), service: 'iMessage', isGroup: mood.isGroup(chatId) };
      const facts = lookUp === 'told' ? told : { line: null, service: null, isGroup: null };
      oracle.lookedAt(call, facts);
      return { kind: 'chat', ...facts };
    },
  });

  return {
    calls,
    isAnswering: (): boolean => answering > 0,
    /** In how many ms the next answer is due that takes its time; null: none is on its way. */
    nextAnswerInMs(): number | null {
      return timers.size === 0 ? null : Math.min(...[...timers].map(({ at }) => at)) - clock.monotonic();
    },
    /** Gives the answers whose time has come. */
    answer(): void {
      for (const timer of [...timers]) if (timer.at <= clock.monotonic()) timer.fire();
    },
    /** Linq goes on, but nobody listens any more. */
    hangUp: (): void => timers.clear(),
  };
}
