import { createHash } from 'node:crypto';
import { CatchUpError } from '../errors.ts';
import type { Calls, Refused } from './calls.ts';
import type { LinqReads, ListedChat, ReadFailed } from './ports.ts';

/**
 * Where a listing that never says so ends: after this many pages in a row without a chat that it hadn't listed yet,
 * and after so many pages or chats in any case. Cursors alone can't show it: they may be new for ever.
 */
const MAX_STALE_PAGES = 3;
const MAX_PAGES = 100_000;
const MAX_CHATS = 10_000_000;

export interface ListingPage {
  readonly chats: readonly ListedChat[];
  /** Different chats in the listing so far, this page included. */
  readonly seen: number;
  /** Of the whole listing. */
  readonly isLast: boolean;
}

/** A field is missing: that is how Linq says that a line has to be named. */
const LINE_WANTED: readonly string[] = ['linq_1001', 'http_400'];

type Answer = Exclude<Awaited<ReturnType<LinqReads['chats']>>, ReadFailed> | Refused;

/**
 * Lists the chats of the account: of all lines at once, or line by line where Linq wants one named, as it did of every
 * account once.
 */
export function createListing(linq: Pick<LinqReads, 'chats' | 'lines'>, calls: Pick<Calls, 'ask'>) {
  /** Null: nobody had to name one yet. */
  let lines: readonly string[] | null = null;
  const ask = (line: string | null, cursor: string | null): Promise<Answer> =>
    calls.ask((signal) => linq.chats(line, cursor, signal));

  /** @throws {CatchUpError} with why the listing of all was refused, if naming lines is no way out */
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
    /** From the beginning to the end. @throws {CatchUpError} and when told to stop */
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
    /** A list can shift if it has more than one page. */
    lists: (): number => lines?.length ?? 1,
  };
}

/**
 * Stands for an id in half the memory: of a million chats it miscounts one in one listing of 500. Of a cursor, too,
 * which may be as long as Linq likes.
 */
function digestOf(text: string): number {
  return createHash('sha1').update(text).digest().readUIntBE(0, 6);
}
