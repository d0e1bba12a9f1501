import type { Clock } from '../clock.ts';
import { stopsReads } from '../decide/holds.ts';
import type { CallFailed, ListedChat, MessageRead, Subscription } from '../decide/linq-api.ts';
import { classifyAnswer, type LinqAnswer } from '../decide/outcome.ts';
import { backoffMs } from '../decide/pacing.ts';
import { type EpochMs, SECOND } from '../decide/time.ts';
import { CatchUpError } from '../errors.ts';

/** A chat whose messages are to be read, and what else is known about it. */
export interface ChatToRead extends Omit<ListedChat, 'updatedAt' | 'health'> {
  readonly health: { readonly status: string; readonly at: EpochMs } | null;
}

export type VisibleSubscription = Pick<Subscription, 'targetUrl' | 'isActive' | 'events'>;

/** The calls to Linq that catching up needs. None rejects: failures are returned as values. */
export interface LinqReads {
  /** The chats of one line, or of all lines (null), which Linq may refuse. */
  chats(
    line: string | null,
    cursor: string | null,
    signal: AbortSignal,
  ): Promise<
    | { readonly kind: 'chats'; readonly chats: readonly ListedChat[]; readonly nextCursor: string | null }
    | CallFailed
  >;
  messages(
    chatId: string,
    cursor: string | null,
    signal: AbortSignal,
  ): Promise<
    | {
        readonly kind: 'messages';
        readonly messages: readonly MessageRead[];
        readonly nextCursor: string | null;
      }
    | CallFailed
  >;
  /** The account's own lines. */
  lines(
    signal: AbortSignal,
  ): Promise<{ readonly kind: 'lines'; readonly lines: readonly string[] } | CallFailed>;
  subscriptions(
    signal: AbortSignal,
  ): Promise<
    { readonly kind: 'subscriptions'; readonly subscriptions: readonly VisibleSubscription[] } | CallFailed
  >;
}

/** The account's holds: they stop these calls too, and these calls may reveal new ones. */
export interface Account {
  /** Why no call may be made now; `until`: when that may end, null if unknown. */
  hold(): { readonly cause: string; readonly until: EpochMs | null } | null;
  /** This replica is the one that reads. */
  isLeader(): boolean;
  /** In which term it leads: between two of them, another may have led. Null: another may lead now. */
  term(): number | null;
  /** Reports an answer that closes the account, which then closes it for all calls. */
  heard(answer: LinqAnswer, startedAt: EpochMs): void;
}

/** Real time between the starts of two calls: two per second. */
const PACE_MS = SECOND / 2;
/** Consecutive failed calls after which we give up for now. */
const FAILURES_TO_GIVE_UP = 5;
/** Real time between two checks whether the account is open again. */
const RECHECK_MS = SECOND;

/** Linq refused the call; repeating it would get the same answer. */
export interface Refused {
  readonly kind: 'refused';
  /** The chat is gone, or we left it. */
  readonly isGone: boolean;
  readonly cause: string;
}

/** Another run has begun, or another replica leads now: it goes on from what is stored. */
export const SUPERSEDED = 'superseded';

export type Calls = ReturnType<typeof createCalls>;

/** Makes paced calls, one at a time, none while the account is closed. Waits use real time, to spare Linq. */
export function createCalls({
  clock,
  account,
  random,
  signal,
  onTick,
}: {
  clock: Clock;
  account: Account;
  random: () => number;
  signal: AbortSignal;
  /** Called at least once a minute while a call or a wait is in progress. */
  onTick: () => void;
}) {
  let lastStartAt = Number.NEGATIVE_INFINITY;
  let failures = 0;
  let waitingFor: string | null = null;

  /** @throws when stopped */
  async function pause(ms: number, until: AbortSignal = signal): Promise<void> {
    const end = clock.monotonic() + ms;
    for (let leftMs = ms; leftMs > 0 && !until.aborted; leftMs = end - clock.monotonic()) {
      await clock.sleepUntil(clock.now() + clock.toDomain(leftMs), leftMs, until);
      onTick();
    }
    signal.throwIfAborted();
  }

  /** Resolves when a call may be made. */
  async function ready(): Promise<void> {
    for (;;) {
      signal.throwIfAborted();
      onTick();
      if (!account.isLeader()) throw new CatchUpError(SUPERSEDED);
      const hold = account.hold();
      waitingFor = hold?.cause ?? null;
      const paceMs = lastStartAt + PACE_MS - clock.monotonic();
      if (hold !== null) {
        const { until } = hold;
        if (until === null || until <= clock.now()) await pause(RECHECK_MS);
        else await clock.sleepUntil(until, Number.POSITIVE_INFINITY, signal);
      } else if (paceMs > 0) await pause(paceMs);
      else return;
    }
  }

  async function once<T>(
    call: (signal: AbortSignal) => Promise<T>,
  ): Promise<{ answer: T; startedAt: number }> {
    await ready();
    lastStartAt = clock.monotonic();
    const startedAt = clock.now();
    const answer = await call(signal);
    signal.throwIfAborted();
    return { answer, startedAt };
  }

  return {
    pause,
    /**
     * Repeats a call that may succeed later, waiting 1 s and then twice as long each time.
     * @throws {CatchUpError} after too many failures in a row; also throws when stopped
     */
    async ask<T extends Answer>(
      call: (signal: AbortSignal) => Promise<T>,
    ): Promise<Exclude<T, CallFailed> | Refused> {
      for (;;) {
        const { answer: read, startedAt } = await once(call);
        if (!isFailed(read)) {
          failures = 0;
          return read as Exclude<T, CallFailed>;
        }
        const { answer } = read;
        const verdict = classifyAnswer(answer);
        const cause = causeOf(answer);
        const isClosing = stopsReads(verdict.kind);
        if (isClosing) account.heard(answer, startedAt);
        else if (verdict.kind !== 'transient') {
          failures = 0;
          return { kind: 'refused', isGone: verdict.kind === 'retired', cause };
        }
        failures++;
        if (!isClosing && failures >= FAILURES_TO_GIVE_UP) throw new CatchUpError(cause);
        waitingFor = isClosing ? verdict.kind : cause;
        const askedMs = verdict.kind === 'transient' ? verdict.retryAfterMs : null;
        await pause(backoffMs(failures, askedMs, random()));
      }
    },
    /** Makes a call once, without retries. @throws when stopped */
    async tryOnce<T extends Answer>(call: (signal: AbortSignal) => Promise<T>): Promise<T> {
      const { answer, startedAt } = await once(call);
      if (isFailed(answer) && stopsReads(classifyAnswer(answer.answer).kind)) {
        account.heard(answer.answer, startedAt);
      }
      return answer;
    },
    /** Consecutive failures so far. */
    failures: (): number => failures,
    /** Why the next call is waiting; null: it isn't. */
    waitingFor: (): string | null => waitingFor,
  };
}

interface Answer {
  readonly kind: string;
}

function isFailed(read: Answer): read is CallFailed {
  return read.kind === 'failed';
}

/** One short stable word; never text from the answer. */
function causeOf(answer: LinqAnswer): string {
  if (answer.kind === 'unanswered') return answer.cause;
  return answer.linqCode === null ? `http_${answer.httpStatus}` : `linq_${answer.linqCode}`;
}
