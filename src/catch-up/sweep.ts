import { type CatchUpState, completeSweep, nextSweepAt } from '../decide/catch-up.ts';
import type { CatchUpStore } from '../store/sqlite/catch-up-store.ts';
import type { Reader } from './reader.ts';

export interface SweepDeps {
  readonly store: Pick<CatchUpStore, 'activeChats' | 'changeCatchUp'>;
  readonly reader: Reader;
  readonly now: () => number;
  /** Chats without outbound message for so long are idle; 0: never. */
  readonly idleAfterMs: number;
  readonly onState: (state: CatchUpState) => void;
  /** True as soon as something more urgent is to be done. */
  readonly hasToYield: () => boolean;
}

/**
 * Reads the active chats that we know, whatever a listing says of when they changed: that needn't tell of everything.
 * Goes on where it yielded, or where a restart cut it off. Resolves to false when it yielded.
 * @throws {CatchUpError} {StoreError}, and when told to stop
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
      deps.onState((await reader.read(chat, false, reached(id))).state);
    }
    if (scannedTo === null) break;
    after = scannedTo;
    deps.onState(await store.changeCatchUp(reached(after)));
  }
  deps.onState(await store.changeCatchUp((state) => completeSweep(state, startedAt)));
  return true;
}
