import { type CatchUpRun, type CatchUpState, completeRun, needsReading, UNREAD } from '../decide/catch-up.ts';
import { CatchUpError } from '../errors.ts';
import type { CatchUpStore } from '../store/sqlite/catch-up-store.ts';
import type { Calls } from './calls.ts';
import { createListing } from './listing.ts';
import type { LinqReads, ListedChat } from './ports.ts';
import type { Reader, ReadResult } from './reader.ts';

/** Pages shift while they are read, so the listing is repeated until it brings nothing new. */
const MAX_PASSES = 3;

export interface RunDeps {
  readonly linq: Pick<LinqReads, 'chats' | 'lines'>;
  readonly calls: Calls;
  readonly store: Pick<CatchUpStore, 'catchUpReads' | 'changeCatchUp'>;
  readonly reader: Reader;
  readonly now: () => number;
  /** Told of the state as it is from now on. */
  readonly onState: (state: CatchUpState) => void;
}

/** The run was begun anew meanwhile, since the clock was corrected. */
export const SUPERSEDED = 'superseded';

/**
 * Reads what a run that has begun has to read, and completes it. What it throws leaves the run to be begun once more.
 * @throws {CatchUpError} {StoreError}, and when told to stop
 */
export async function performRun(begun: CatchUpRun, deps: RunDeps): Promise<void> {
  const { linq, calls, store, reader } = deps;
  const unread = new Set<string>();
  /** What couldn't be read before comes last: it must not keep us from the others once more. */
  const postponed = new Map<string, ListedChat>();
  const listing = createListing(linq, calls);

  const ofThisRun = (state: CatchUpState, change: (run: CatchUpRun) => CatchUpRun): CatchUpState =>
    state.run?.startedAt === begun.startedAt ? { ...state, run: change(state.run) } : state;

  function took(state: CatchUpState): void {
    if (state.run?.startedAt !== begun.startedAt) throw new CatchUpError(SUPERSEDED);
    deps.onState(state);
  }

  async function save(seen: Partial<CatchUpRun>): Promise<void> {
    took(await store.changeCatchUp((state) => ofThisRun(state, (run) => ({ ...run, ...seen }))));
  }

  async function read(chat: ListedChat, seen: Partial<CatchUpRun>): Promise<void> {
    const counted = (run: CatchUpRun, { isRead, isNew }: ReadResult): CatchUpRun => ({
      ...run,
      ...seen,
      chatsRead: run.chatsRead + (isRead ? 1 : 0),
      chatsChanged: run.chatsChanged + (isNew ? 1 : 0),
      chatsUnread: run.chatsUnread + (isRead ? 0 : 1),
    });
    const result = await reader.read(chat, true, (state, read) =>
      ofThisRun(state, (run) => counted(run, read)),
    );
    if (!result.isRead) unread.add(chat.chatId);
    took(result.state);
  }

  /** Resolves to how many chats of this page there were to read. */
  async function readPage(
    chats: readonly ListedChat[],
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
      else await read(chat, seenAfter(index + 1));
    }
    await save(seenAfter(chats.length));
    return found;
  }

  /** One listing from its beginning to its end. */
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
    // one that is likely to have something to find doesn't believe the first listing that it has nothing
    if (found === 0 && (passes > 1 || begun.reason === 'periodic')) break;
  }
  for (const chat of postponed.values()) await read(chat, {});
  await save({});
  deps.onState(await store.changeCatchUp((state) => completeRun(state, deps.now()), [...unread]));
}
