import type { ChatState } from '../../decide/chat.ts';
import { layOver } from '../../decide/holds.ts';
import type { ChatCount } from '../../store/store.ts';
import { CHAT_STATES } from './chat-filters.ts';
import type { Closures } from './closures.ts';

export interface ShownCounts {
  readonly total: number;
  readonly byState: Readonly<Record<ChatState, number>>;
  readonly byLine: ReadonlyMap<string, number>;
  readonly parked: number;
}

/** What closes the account and the lines, laid over the stored counts; due are only chats that nothing closes. */
export function showCounts(counts: readonly ChatCount[], closures: Closures): ShownCounts {
  const byState = Object.fromEntries(CHAT_STATES.map((state) => [state, 0])) as Record<ChatState, number>;
  const byLine = new Map<string, number>();
  let total = 0;
  let parked = 0;
  for (const { line, state, reason, count } of counts) {
    const shown = layOver({ state, reason, nextAttemptAt: null }, closures.of(line));
    byState[shown.state] += count;
    total += count;
    if (reason === 'parked') parked += count;
    if (line !== null) byLine.set(line, (byLine.get(line) ?? 0) + count);
  }
  return { total, byState, byLine, parked };
}
