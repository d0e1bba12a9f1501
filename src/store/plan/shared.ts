import type { Hold, Line } from '../../decide/holds.ts';
import type { EndedHold, Turn } from '../turn.ts';
import { planLines } from './settle.ts';

type LineChange = Partial<Omit<Line, 'line'>>;

/** What replicas share, and what a turn changes of it. */
export interface SharedChanges {
  readonly lines: readonly (readonly [line: string, change: LineChange])[];
  readonly ended: readonly Pick<Hold, 'scope' | 'reason'>[];
  readonly holds: readonly Hold[];
}

type SharedTurn = Pick<Turn, 'cards' | 'cleared' | 'endedHolds' | 'holds'>;

/** The changes of a turn that knew all holds and lines as they are. @see planLines */
export function planShared(
  turn: SharedTurn,
  known: readonly Line[] = [],
  isChangeNoted = false,
): SharedChanges {
  return { lines: [...planLines(turn, known, isChangeNoted)], ended: turn.endedHolds, holds: turn.holds };
}

/** The same changes if another replica changed holds or lines since the turn was planned: nothing of that is undone. */
export function mergeShared(
  { lines, ended, holds }: SharedChanges,
  known: { readonly holds: readonly Hold[]; readonly lines: readonly Line[] },
): SharedChanges {
  const stored = ({ scope, reason }: Pick<Hold, 'scope' | 'reason'>) =>
    known.holds.find((hold) => hold.scope === scope && hold.reason === reason);
  const byLine = new Map(known.lines.map((line) => [line.line, line]));
  return {
    lines: lines.map(([line, change]) => [line, mergeLine(byLine.get(line), change)] as const),
    ended: ended.filter((hold) => isStillEnded(stored(hold), hold)),
    holds: holds.map((hold) => mergeHold(stored(hold), hold)),
  };
}

/**
 * One hold out of two of the same scope and reason. If the one was over before the other began, they aren't the same
 * closure: it began when the later one did.
 */
function mergeHold(stored: Hold | undefined, put: Hold): Hold {
  if (stored === undefined) return put;
  const isApart = endOf(stored) < put.since || endOf(put) < stored.since;
  const until = Math.max(endOf(stored), endOf(put));
  return {
    ...put,
    since: isApart ? Math.max(stored.since, put.since) : Math.min(stored.since, put.since),
    until: Number.isFinite(until) ? until : null,
    step: Math.max(stored.step, put.step),
  };
}

/** False if another replica extended it after it was read by the one that ends it. */
function isStillEnded(stored: Hold | undefined, { until }: EndedHold): boolean {
  return stored !== undefined && (until === undefined || endOf(stored) <= endOf({ until }));
}

const endOf = ({ until }: Pick<Hold, 'until'>) => until ?? Number.POSITIVE_INFINITY;

/** The latest look at the card counts, and the latest clearing. */
function mergeLine(stored: Line | undefined, { clearedAt, ...checked }: LineChange): LineChange {
  const { card, cardCheckedAt } = checked;
  const looked = cardCheckedAt ?? 0;
  const isLater = card !== undefined && looked >= (stored?.cardCheckedAt ?? 0);
  const cleared =
    clearedAt === undefined ? {} : { clearedAt: Math.max(clearedAt ?? 0, stored?.clearedAt ?? 0) };
  return { ...cleared, ...(isLater ? { ...checked, cardCheckedAt: looked } : {}) };
}
