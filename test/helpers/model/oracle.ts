import type { ChatEvent, LineEvent } from '../../../src/decide/event.ts';
import type { Policy } from '../../../src/decide/policy.ts';
import { MINUTE } from '../../../src/decide/time.ts';
import { afterAnswer, afterInterruption, asItBegins, type CutAttempt, type ModelAnswer } from './answers.ts';
import * as closures from './closures.ts';
import { type Backup, createMemory } from './memory.ts';
import { createObjections } from './objections.ts';
import { type Asked, toldOf } from './told.ts';

/** A call that arrived at Linq in this process's life and isn't known to be written down yet. */
export interface Call {
  readonly attemptId: string;
  readonly chatId: string;
  readonly line: string | null;
  readonly isByHand: boolean;
  readonly at: number;
  /** The process that makes it. */
  readonly by: object;
  answered: { readonly answer: ModelAnswer; readonly at: number } | null;
}

/** Nobody else takes a chat of which somebody has claimed that it is called for so long. */
const LEASE_MS = MINUTE;

export interface OracleOptions {
  policy: Policy;
  readonly ratePerLine: number;
  readonly concurrency: number;
  readonly cardTtlMs: number;
  /** A due chat with everything open is called within this. */
  readonly promptMs: number;
  /** So many processes share a store; by default one has it to itself, and takes back at its start what it had left open. */
  readonly replicas?: number;
}

export type Oracle = ReturnType<typeof createOracle>;

/**
 * Watches what the service is told, what it calls and what it is answered, and says which promise it breaks. All
 * times are true: by the clock that nobody steps.
 */
export function createOracle(options: OracleOptions) {
  const memory = createMemory();
  const { of, pastOf, change, changeForGood } = memory;
  const objections = createObjections(memory, options);
  const broken: string[] = [];
  const log: string[] = [];
  const everTold: ChatEvent[] = [];
  const seenAttempts = new Set<string>();
  const lookUps = new Map<string, Asked>();
  let calls: Call[] = [];
  /** Attempts that looked at their chat first, and those whose share call arrived. */
  const looking = new Set<string>();
  const calling = new Set<string>();
  /** Attempts whose look at their chat was answered: an event that comes later doesn't take that back. */
  const answeredLooks = new Set<string>();
  const isShared = options.replicas !== undefined;
  /** What a process left open when it died, by its attempt: it ends when another one finds that its lease has run out. */
  const orphans = new Map<string, CutAttempt & { readonly chatId: string }>();

  const fail = (text: string) => void broken.push(text);
  let { windowMs } = options.policy; // of the process that lives, or of the one that has just died
  const openCalls = () => calls.filter(({ answered }) => answered === null);
  const begin = ({ chatId, at }: Pick<Call, 'chatId' | 'at'>) =>
    change(chatId, at, asItBegins(pastOf(chatId), windowMs, at));

  function take({ chatId, line, at: startedAt }: Call, { answer, at }: NonNullable<Call['answered']>): void {
    const times = { startedAt, endedAt: at + 1, windowMs };
    const isFirst = pastOf(chatId).failures === 0;
    change(chatId, at, afterAnswer(pastOf(chatId), answer, times));
    const answered = { chatId, isFirst, line, answer, startedAt, at };
    memory.setGates((gates) => closures.gatesAfter(gates, answered));
  }

  /** Whether a cut attempt may have called is known to the row alone; what is known here must agree. */
  function checkCut(chatId: string, { attemptId, mayHaveCalled }: CutAttempt): void {
    const isAsked = answeredLooks.has(attemptId) || memory.pastOf(chatId).wasAsked || lookUps.has(chatId);
    const isLooking = looking.has(attemptId) && !isAsked;
    const canHave = !options.policy.dryRun && !isLooking;
    if (calling.has(attemptId) && !mayHaveCalled) fail(`${chatId} was called, and its row denies it`);
    if (mayHaveCalled && !canHave) fail(`${chatId} can't have been called, and its row doesn't know`);
    const { line, service, isGroup } = memory.of(chatId).told;
    const isTold = line !== null && service !== null && isGroup !== null;
    if (isTold && !looking.has(attemptId) && canHave && !mayHaveCalled)
      fail(`${chatId} may have been called`);
  }

  /** What a call was answered is written down. */
  function writeDown({ chatId, answered }: Call): void {
    if (answered?.answer.means === 'shared') memory.shared(chatId, answered.at + 1);
  }

  return {
    options,
    fail,
    /** The promises that were broken, in words. */
    broken: broken as readonly string[],
    /** Every share call: chat and time. */
    log: log as readonly string[],
    /** All events so far, also those that a restore has forgotten. */
    everTold: everTold as readonly ChatEvent[],
    chats: memory.chats,
    pastOf,
    rowAt: objections.rowAt,
    sharesOf: memory.sharesOf,
    copy: memory.copy,
    isStepped: objections.isStepped,
    refusedChats: (): number => memory.gates().refused.length,
    /** Calls made or answered since everything was last written down. */
    calls: (): readonly Call[] => calls,
    hasOpenCall: (chatId: string): boolean =>
      [...openCalls(), ...orphans.values()].some((call) => call.chatId === chatId),

    toldChat(event: ChatEvent, now: number): void {
      const known = of(event.chatId);
      const isNew = known.events.length === 0;
      known.events.push(event);
      everTold.push(event);
      const told = toldOf(known.events, known.asked);
      const isNews = JSON.stringify(told) !== JSON.stringify(known.told);
      known.told = told;
      const mark = memory.markOf(event.chatId, isNew, windowMs, now);
      changeForGood(event.chatId, now, isNews ? { ...mark, wasAsked: false } : mark);
    },
    toldLine: (event: LineEvent, now: number): void =>
      memory.setGatesForGood((gates) => closures.gatesAfterEvent(gates, event, now)),
    done: changeForGood,
    setPaused: (isPaused: boolean, now: number): void =>
      memory.setGatesForGood((gates) => closures.calmAfter({ ...gates, isPaused }, now + 1)),
    released: (line: string, now: number): void =>
      memory.setGatesForGood((gates) => closures.released(gates, line, now)),
    /** Something outside of the service keeps calls waiting until then. */
    troubled: (until: number): void => memory.setGatesForGood((gates) => closures.calmAfter(gates, until)),
    stepped: objections.stepped,

    looked: (line: string | null, isActive: boolean, now: number): void =>
      memory.setGates((gates) => closures.gatesAfterLook(gates, line, isActive, now)),
    lookFailed: (line: string | null, look: closures.Answered): void =>
      memory.setGates((gates) => {
        const after = closures.gatesAfterNoLook(closures.gatesAfter(gates, look), line, look.at);
        return isShared ? { ...after, failedLooks: 0 } : after; // each process counts its own
      }),
    /** An attempt was claimed, and asks for the chat first. */
    began(call: Call): void {
      looking.add(call.attemptId);
      begin(call);
      calls.push(call);
    },
    /** The look at a chat was answered: what it told counts once it is written down. */
    lookedAt(call: Call, asked: Asked): void {
      calls = calls.filter((one) => one !== call);
      lookUps.set(call.chatId, asked);
      answeredLooks.add(call.attemptId);
      memory.setGates((gates) => closures.gatesAfterLook(gates, null, false, call.at));
    },
    /** Chats of which the API told something that isn't known to be written down. */
    lookUps: (): readonly string[] => [...lookUps.keys()],
    /** What the API told of a chat is written down. */
    toldByApi(chatId: string, now: number): void {
      const known = of(chatId);
      const news = lookUps.get(chatId);
      if (news === undefined) return;
      lookUps.delete(chatId);
      const { line, service, isGroup } = known.asked ?? news;
      const rest = { service: service ?? news.service, isGroup: isGroup ?? news.isGroup };
      known.asked = { line: line ?? news.line, ...rest };
      known.told = toldOf(known.events, known.asked);
      changeForGood(chatId, now, { wasAsked: true });
    },
    /** The share call itself arrives. */
    called(call: Call): void {
      const { chatId, at, isByHand } = call;
      log.push(`${chatId} ${at}`);
      const justShared = calls.find(
        (one) =>
          one.chatId === chatId &&
          one.answered?.answer.means === 'shared' &&
          one.answered.at - one.at < LEASE_MS,
      );
      if (justShared !== undefined && !isByHand)
        fail(`${chatId} was called at ${at}: it has just been shared`);
      for (const why of [objections.to(call), objections.toLoad(call, openCalls())]) {
        if (why !== null) fail(`${chatId} was called at ${at}${isByHand ? ' by hand' : ''}: ${why}`);
      }
      calling.add(call.attemptId);
      begin(call);
      calls.push(call);
    },
    answered(call: Call, answer: ModelAnswer, at: number): void {
      call.answered = { answer, at };
      if (!isShared) take(call, call.answered);
      if (answer.afterMs > 0) memory.setGates((gates) => closures.calmAfter(gates, at));
    },

    /** True once an attempt: so that none is taken in twice. */
    isNews(attemptId: string): boolean {
      const isNews = !seenAttempts.has(attemptId);
      seenAttempts.add(attemptId);
      return isNews;
    },
    /** As the rows have it. */
    adopted: (chatId: string, past: Parameters<typeof changeForGood>[2]): void =>
      changeForGood(chatId, of(chatId).changedAt, past),
    /** All that was answered is written down. */
    keep(): void {
      for (const call of calls) writeDown(call);
      calls = openCalls();
      memory.keep();
    },
    /**
     * The process died. Of what it was answered since, only what is written down counts; what it left open was cut off.
     * @param open chats with an open attempt on record, and when it began
     */
    died(open: ReadonlyMap<string, CutAttempt>, isWritten: (call: Call) => boolean, now: number): void {
      memory.forget();
      for (const [chatId, attempt] of open) checkCut(chatId, attempt);
      for (const call of calls) {
        begin(call);
        const isLost = call.answered === null || !isWritten(call);
        if (isLost && !open.has(call.chatId))
          fail(`${call.chatId}: no attempt on record of a call at ${call.at}`);
        if (isLost || call.answered === null) continue;
        take(call, call.answered);
        writeDown(call);
      }
      for (const [chatId, attempt] of open) {
        begin({ chatId, at: attempt.startedAt });
        change(chatId, now, afterInterruption(pastOf(chatId), attempt));
      }
    },
    /** The process has died, and a backup took the place of the database. */
    restored(backup: Backup, now: number): void {
      memory.restored(backup, now);
      lookUps.clear();
      calls = [];
    },
    started(policy: Policy, now: number): void {
      options.policy = policy;
      windowMs = policy.windowMs;
      calls = [];
      objections.started();
      memory.setGates((gates) => closures.gatesAfterStart(gates, now));
      memory.keep();
    },
    /** Chats that have waited too long for their call although nothing speaks against it. */
    neglected: (now: number): string[] => objections.neglected(now, [...calls, ...orphans.values()]),

    /** Where a store is shared: the answer to a call is written down, and counts from now on. */
    written(call: Call): void {
      calls = calls.filter((one) => one !== call);
      if (call.answered === null) return;
      take(call, call.answered);
      writeDown(call);
    },
    /** What a process that has died left open; it may not have come to its call. */
    orphaned(chatId: string, attempt: CutAttempt): void {
      checkCut(chatId, attempt);
      calls = calls.filter(({ attemptId }) => attemptId !== attempt.attemptId);
      begin({ chatId, at: attempt.startedAt });
      orphans.set(attempt.attemptId, { ...attempt, chatId });
    },
    orphans: (): readonly (CutAttempt & { readonly chatId: string })[] => [...orphans.values()],
    /** Another process found that the lease had run out, and wrote down that the attempt was cut off. */
    interrupted(
      chatId: string,
      { attemptId, startedAt }: Omit<CutAttempt, 'mayHaveCalled'>,
      now: number,
    ): void {
      const mayHaveCalled = orphans.get(attemptId)?.mayHaveCalled ?? calling.has(attemptId);
      orphans.delete(attemptId);
      calls = calls.filter((call) => call.attemptId !== attemptId);
      const attempt = { attemptId, startedAt, mayHaveCalled };
      change(chatId, now, afterInterruption(pastOf(chatId), attempt));
    },
    /** One of several processes began: it knows the cards that others know, and tries what only a success can end. */
    joined(policy: Policy, now: number): void {
      options.policy = policy;
      windowMs = policy.windowMs;
      memory.setGates((gates) => ({ ...closures.gatesAfterStart(gates, now), looks: gates.looks }));
    },
    /** The looks at cards that are written down. */
    looksAre: (looks: ReadonlyMap<string, closures.Look>): void =>
      memory.setGates((gates) => ({ ...gates, looks })),
  };
}
