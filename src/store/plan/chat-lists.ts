import type { Trigger } from '../../decide/chat.ts';
import type { ChatCount, ChatFilter } from '../store.ts';

/** What chats are counted by. */
type CountedBy = Omit<ChatCount, 'count'>;

/** A chat whose attempt is in progress, as its row counts it; it is shown as `sharing`. */
export interface Sharing extends CountedBy {
  readonly trigger: Trigger;
}

/** The counts to show. @param stored several rows may count the same */
export function shownCounts(stored: readonly ChatCount[], sharing: readonly Sharing[]): readonly ChatCount[] {
  const counts = new Map<string, ChatCount>();
  const add = ({ line, state, reason }: CountedBy, by: number) => {
    const key = `${line} ${state} ${reason}`;
    counts.set(key, { line, state, reason, count: (counts.get(key)?.count ?? 0) + by });
  };
  for (const { count, ...key } of stored) add(key, count);
  for (const { trigger, ...own } of sharing) {
    add(own, -1);
    add({ line: own.line, state: 'sharing', reason: trigger }, 1);
  }
  return [...counts.values()].filter(({ count }) => count > 0);
}

export function matchesAny(filters: readonly ChatFilter[], key: CountedBy): boolean {
  return filters.some((filter) => matches(filter, key));
}

function matches(
  { states, reasons, lines, notLines }: ChatFilter,
  { line, state, reason }: CountedBy,
): boolean {
  return (
    (states === null || states.includes(state)) &&
    (reasons === null || reasons.includes(reason)) &&
    (lines === null || lines.includes(line)) &&
    (notLines === null || !notLines.includes(line))
  );
}
