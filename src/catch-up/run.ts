import { createHash } from 'node:crypto';
import {
  type CatchUpRun,
  type CatchUpState,
  completeRun,
  completeSweep,
  needsReading,
  nextSweepAt,
  UNREAD,
} from '../decide/catch-up.ts';
import type { CallFailed, ListedChat } from '../decide/linq-api.ts';
import type { EpochMs } from '../decide/time.ts';
import { CatchUpError } from '../errors.ts';
import type { CatchUpStore } from '../store/store.ts';
import { type Calls, type ChatToRead, type LinqReads, type Refused, SUPERSEDED } from './calls.ts';
import type { Reader, ReadResult } from './reader.ts';

/** Pages shift while they are read, so the listing is repeated until it shows nothing new. */
const MAX_PASSES = 3;

interface RunDeps {
  readonly linq: Pick<LinqReads, 'chats' | 'lines'>;
  readonly calls: Calls;
  readonly store: Pick<CatchUpStore, 'catchUpReads' | 'changeCatchUp'>;
  readonly reader: Reader;
  readonly now: () => EpochMs;
  /** Called with each new state. */
  readonly onState: (state: CatchUpState) => void;
}

/**
 * Reads everything a run needs, and completes the run. If this throws, the run must be started again.
 * @throws {CatchUpError} {StoreError}, and when stopped
 */
export async function performRun(begun: CatchUpRun, deps: RunDeps): Promise<void> {
  const { linq, calls, store, reader } = deps;
  const unread = new Set<string>();
  /** Chats that couldn't be read before come last, so that they don't block the others again. */
  const postponed = new Map<string, ChatToRead>();
  const listing = createListing(linq, calls, deps.now);

  const ofThisRun = (state: CatchUpState, change: (run: CatchUpRun) => CatchUpRun): CatchUpState =>
    state.run?.startedAt === begun.startedAt ? { ...state, run: change(state.run) } : state;

  function took(state: CatchUpState): void {
    if (state.run?.startedAt !== begun.startedAt) throw new CatchUpError(SUPERSEDED);
    deps.onState(state);
  }

  async function save(seen: Partial<CatchUpRun>): Promise<void> {
    took(await store.changeCatchUp((state) => ofThisRun(state, (run) => ({ ...run, ...seen }))));
  }

  async function read(
    chat: ChatToRead,
    reading: 'run' | 'postponed',
    seen: Partial<CatchUpRun>,
  ): Promise<void> {
    const counted = (run: CatchUpRun, { isRead, isNew }: ReadResult): CatchUpRun => ({
      ...run,
      ...seen,
      chatsRead: run.chatsRead + (isRead ? 1 : 0),
      chatsChanged: run.chatsChanged + (isNew ? 1 : 0),
      chatsUnread: run.chatsUnread + (isRead ? 0 : 1),
    });
    const result = await reader.read(chat, reading, (state, read) =>
      ofThisRun(state, (run) => counted(run, read)),
    );
    if (!result.isRead) unread.add(chat.chatId);
    took(result.state);
  }

  /** Resolves to the number of chats on this page that had to be read. */
  async function readPage(
    chats: readonly DatedChat[],
    seenAfter: (count: number) => Partial<CatchUpRun>,
  ): Promise<number> {
    const readAt = await store.catchUpReads(chats.map(({ chatId }) => chatId));
    const done = new Set<string>([...unread, ...postponed.keys()]);
    let found = 0;
    for (const [index, chat] of chats.entries()) {
      const { chatId, updatedAt } = chat;
      if (done.has(chatId) || !needsReading(updatedAt, readAt.get(chatId) ?? null, begun)) continue;
      done.add(chatId);
      found++;
      if (readAt.get(chatId) === UNREAD) postponed.set(chatId, chat);
      else await read(chat, 'run', seenAfter(index + 1));
    }
    await save(seenAfter(chats.length));
    return found;
  }

  /** One listing from start to end. */
  async function pass(isFirst: boolean): Promise<{ pages: number; found: number }> {
    let [pages, found, seenBefore]: [number, number, number] = [0, 0, 0];
    for await (const { chats, seen, isLast } of listing.pages()) {
      pages++;
      const before = seenBefore;
      seenBefore = seen;
      const total = isLast ? { chatsTotal: seen } : {};
      const seenAfter = (count: number) => ({ chatsSeen: Math.min(before + count, seen), ...total });
      found += await readPage(chats, isFirst ? seenAfter : () => ({}));
    }
    return { pages, found };
  }

  for (let passes = 1; passes <= MAX_PASSES; passes++) {
    const { pages, found } = await pass(passes === 1);
    if (pages === listing.lists()) break; // a single page can't shift
    // only a periodic run ends after a first listing with nothing new; others likely have something to find
    if (found === 0 && (passes > 1 || begun.reason === 'periodic')) break;
  }
  for (const chat of postponed.values()) await read(chat, 'postponed', {});
  await save({});
  deps.onState(await store.changeCatchUp((state) => completeRun(state, deps.now()), [...unread]));
}

/**
 * These end a listing that never ends itself: after this many consecutive pages without a new chat, and after
 * this many pages or chats in any case. Cursors alone can't show the end: each one may be new.
 */
const MAX_STALE_PAGES = 3;
const MAX_PAGES = 100_000;
const MAX_CHATS = 10_000_000;

interface DatedChat extends ChatToRead, Pick<ListedChat, 'updatedAt'> {}

interface ListingPage {
  readonly chats: readonly DatedChat[];
  /** Distinct chats in the listing so far, including this page. */
  readonly seen: number;
  /** The last page of the whole listing, not just of one line. */
  readonly isLast: boolean;
}

/** Linq reports a missing field when a line must be named. */
const LINE_WANTED: readonly string[] = ['linq_1001', 'http_400'];

type Answer =
  | { readonly kind: 'chats'; readonly chats: readonly DatedChat[]; readonly nextCursor: string | null }
  | Refused;

/**
 * Lists the account's chats: all lines at once, or line by line if Linq requires a line, as it once did for
 * every account.
 */
function createListing(
  linq: Pick<LinqReads, 'chats' | 'lines'>,
  calls: Pick<Calls, 'ask'>,
  now: () => EpochMs,
) {
  /** Null: Linq hasn't required a line yet. */
  let lines: readonly string[] | null = null;
  const ask = (line: string | null, cursor: string | null): Promise<Answer> =>
    calls.ask(async (signal): Promise<Answer | CallFailed> => {
      const askedAt = now();
      const answer = await linq.chats(line, cursor, signal);
      if (answer.kind === 'failed') return answer;
      // a health without a time was true when we asked; its chat may be read long after, and a webhook may know better by then
      const dated = ({ health, ...chat }: ListedChat): DatedChat => ({
        ...chat,
        health: health && { ...health, at: health.at ?? askedAt },
      });
      return { ...answer, chats: answer.chats.map(dated) };
    });

  /** @throws {CatchUpError} saying why listing all lines was refused, if naming lines won't help */
  async function linesInstead({ cause }: Refused): Promise<readonly string[]> {
    const answer = await calls.ask((signal) => linq.lines(signal));
    if (answer.kind === 'refused' || answer.lines.length === 0) throw new CatchUpError(cause);
    return answer.lines;
  }

  async function* pagesOf(
    line: string | null,
    first: Answer,
    isLastLine: boolean,
    seen: Set<number>,
  ): AsyncGenerator<ListingPage> {
    const cursors = new Set<number>();
    let stalePages = 0;
    let answer = first;
    for (let pages = 1; ; pages++) {
      if (answer.kind === 'refused') throw new CatchUpError(answer.cause);
      const { chats, nextCursor } = answer;
      const before = seen.size;
      for (const { chatId } of chats) seen.add(digestOf(chatId));
      stalePages = seen.size === before ? stalePages + 1 : 0;
      const isStuck = stalePages >= MAX_STALE_PAGES || pages >= MAX_PAGES || seen.size >= MAX_CHATS;
      const isEnd = nextCursor === null || cursors.has(digestOf(nextCursor)) || isStuck;
      yield { chats, seen: seen.size, isLast: isEnd && isLastLine };
      if (isEnd) return;
      cursors.add(digestOf(nextCursor));
      answer = await ask(line, nextCursor);
    }
  }

  return {
    /** From start to end. @throws {CatchUpError} and when stopped */
    async *pages(): AsyncGenerator<ListingPage> {
      const seen = new Set<number>();
      if (lines === null) {
        const first = await ask(null, null);
        const isLineWanted = first.kind === 'refused' && LINE_WANTED.includes(first.cause);
        if (!isLineWanted) return yield* pagesOf(null, first, true, seen);
        lines = await linesInstead(first);
      }
      for (const line of lines) yield* pagesOf(line, await ask(line, null), line === lines.at(-1), seen);
    },
    /** The number of lists in a listing. Each shifts only if it has more than one page. */
    lists: (): number => lines?.length ?? 1,
  };
}

/**
 * Represents an id in half the memory: with a million chats, one listing in 500 miscounts a chat. Also
 * represents cursors, whose length Linq doesn't limit.
 */
function digestOf(text: string): number {
  return createHash('sha1').update(text).digest().readUIntBE(0, 6);
}

interface SweepDeps {
  readonly store: Pick<CatchUpStore, 'activeChats' | 'changeCatchUp'>;
  readonly reader: Reader;
  readonly now: () => number;
  /** Chats with no outbound message for this long are idle; 0: never. */
  readonly idleAfterMs: number;
  readonly onState: (state: CatchUpState) => void;
  /** True as soon as there is something more urgent to do. */
  readonly hasToYield: () => boolean;
}

/**
 * Reads all known active chats, even those that a listing shows as unchanged: not every change shows there.
 * Resumes where it yielded or was interrupted by a restart. Resolves to false when it yielded.
 * @throws {CatchUpError} {StoreError}, and when stopped
 */
export async function performSweep(known: CatchUpState, deps: SweepDeps): Promise<boolean> {
  const { store, reader, idleAfterMs } = deps;
  const startedAt = known.sweep?.startedAt ?? Math.max(deps.now(), nextSweepAt(known) ?? 0);
  const since = idleAfterMs === 0 ? -1 : startedAt - idleAfterMs;
  const reached =
    (after: number) =>
    (state: CatchUpState): CatchUpState => ({ ...state, sweep: { startedAt, after } });
  let after = known.sweep?.after ?? 0;
  for (;;) {
    const { chats, scannedTo } = await store.activeChats(after, since);
    for (const { id, chatId, isGroup } of chats) {
      if (deps.hasToYield()) return false;
      const chat = { chatId, isGroup, line: null, health: null };
      deps.onState((await reader.read(chat, 'sweep', reached(id))).state);
    }
    if (scannedTo === null) break;
    after = scannedTo;
    deps.onState(await store.changeCatchUp(reached(after)));
  }
  deps.onState(await store.changeCatchUp((state) => completeSweep(state, startedAt)));
  return true;
}
