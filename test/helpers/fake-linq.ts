import { setMaxListeners } from 'node:events';
import type { Clock } from '../../src/clock.ts';
import type { LinqAnswer } from '../../src/decide/outcome.ts';
import { type EpochMs, SECOND } from '../../src/decide/time.ts';
import type { ServerDate } from '../../src/dispatch/clock-guard.ts';
import type { LinqCalls } from '../../src/dispatch/ports.ts';
import { answerOf, LINE } from './builders.ts';

type Cards = Awaited<ReturnType<LinqCalls['contactCards']>>;
type Chat = Awaited<ReturnType<LinqCalls['chat']>>;
type Reply<A> = A | Promise<A>;

/** A call as it arrived; `at` is domain time. */
export interface LinqCall {
  readonly kind: 'share' | 'cards' | 'chat';
  /** The chat, or the line whose card is asked for; null: all lines' cards. */
  readonly subject: string | null;
  readonly at: EpochMs;
}

/** A promise stands for an answer that takes its time. */
export interface Script {
  share: (chatId: string) => Reply<LinqAnswer>;
  cards: (line: string | null) => Reply<Cards>;
  chat: (chatId: string) => Reply<Chat>;
  /** Linq's own clock, which our steps don't move; null: its answers carry no `Date`. */
  time: (() => EpochMs) | null;
  /** Told of every answer's `Date`, as a client tells it. */
  onDate: (date: ServerDate) => void;
}

export interface FakeLinq extends LinqCalls {
  readonly calls: readonly LinqCall[];
  sharesOf(chatId: string): readonly EpochMs[];
  shares(): readonly LinqCall[];
  /** Looks at cards. */
  looks(): readonly LinqCall[];
  /** What it answers from now on. */
  readonly script: Script;
  /** How many calls wait for their answer. */
  open(): number;
  /** Calls whose answer is on its way by itself. */
  isAnswering(): boolean;
  /** Forgets the calls so far. */
  clear(): void;
}

/** Active cards for whoever is asked for; all of `LINE` and its sisters. */
export function activeCards(...lines: readonly (string | null)[]): Cards {
  const known = lines.map((line) => line ?? LINE);
  return { kind: 'cards', cards: known.map((line) => ({ line, isActive: true })) };
}

export function failed(answer: LinqAnswer): { kind: 'failed'; answer: LinqAnswer } {
  return { kind: 'failed', answer };
}

/** An answer for later. */
export function later<A>(): { promise: Promise<A>; answer: (value: A) => void } {
  let answer: (value: A) => void = () => {};
  const promise = new Promise<A>((resolve) => {
    answer = resolve;
  });
  return { promise, answer };
}

/** Takes every card, and logs each call when it arrives; answers come a turn of the event loop later. */
export function createFakeLinq(clock: Clock): FakeLinq {
  const calls: LinqCall[] = [];
  const wallAtZero = clock.systemNow() - clock.monotonic();
  const script: Script = {
    share: () => answerOf(),
    cards: (line) => activeCards(line),
    chat: () => ({ kind: 'chat', line: LINE, service: 'iMessage', isGroup: false }),
    time: () => wallAtZero + clock.monotonic(),
    onDate: () => {},
  };
  let open = 0;
  let answering = 0;

  async function call<A>(
    call: Omit<LinqCall, 'at'>,
    reply: () => Reply<A>,
    cut: A,
    signal: AbortSignal | undefined,
  ): Promise<A> {
    calls.push({ ...call, at: clock.now() });
    const requestedAt = clock.systemNow();
    const sentAt = clock.monotonic();
    open++;
    const waiting = reply();
    const isSlow = waiting instanceof Promise;
    const isCut = later<A>();
    const abort = () => isCut.answer(cut);
    if (signal !== undefined) setMaxListeners(0, signal);
    signal?.addEventListener('abort', abort);
    if (signal?.aborted === true) abort();
    const answer = await Promise.race([waiting, isCut.promise]);
    answering++;
    if (!isSlow) await new Promise((resolve) => setImmediate(resolve));
    signal?.removeEventListener('abort', abort);
    const serverAt =
      script.time === null || answer === cut ? null : Math.floor(script.time() / SECOND) * SECOND;
    if (serverAt !== null)
      script.onDate({
        serverAt,
        requestedAt,
        receivedAt: clock.systemNow(),
        tookMs: clock.monotonic() - sentAt,
      });
    open--;
    answering--;
    return answer;
  }

  const CUT: LinqAnswer = { kind: 'unanswered', mayHaveArrived: true, cause: 'aborted' };
  return {
    calls,
    shareContactCard: (chatId, signal) =>
      call({ kind: 'share', subject: chatId }, () => script.share(chatId), CUT, signal),
    contactCards: (line, signal) =>
      call({ kind: 'cards', subject: line }, () => script.cards(line), failed(CUT), signal),
    chat: (chatId, signal) =>
      call({ kind: 'chat', subject: chatId }, () => script.chat(chatId), failed(CUT), signal),
    shares: () => calls.filter(({ kind }) => kind === 'share'),
    looks: () => calls.filter(({ kind }) => kind === 'cards'),
    sharesOf: (chatId) =>
      calls.filter(({ kind, subject }) => kind === 'share' && subject === chatId).map(({ at }) => at),
    script,
    open: () => open,
    isAnswering: () => answering > 0,
    clear: () => void calls.splice(0),
  };
}
