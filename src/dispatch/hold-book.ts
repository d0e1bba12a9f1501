import {
  accountHold,
  HOLDS,
  type Hold,
  holdAfter,
  isLifted,
  type Line,
  lineHold,
  type StandingHold,
  type StandingHolds,
  type StoredHoldReason,
  standingHolds,
  type WaitingHoldReason,
} from '../decide/holds.ts';
import type { EpochMs } from '../decide/time.ts';
import type { EndedHold } from '../store/turn.ts';

/** The changes to holds that the dispatcher's next turn has to write. */
export interface HoldChanges {
  /** Written first: what ended and began again is in both. */
  readonly ended: ReadonlyMap<string, EndedHold>;
  readonly put: ReadonlyMap<string, Hold>;
  readonly cleared: readonly { readonly line: string; readonly clearedAt: EpochMs }[];
  /** Chats whose refusals have to be undone. */
  readonly undone: readonly string[];
}

/** The holds of the account and its lines at one moment. */
export interface HoldSnapshot {
  /** The hold that closes the account. */
  readonly account: StandingHold | null;
  readonly holds: readonly Hold[];
  readonly lines: readonly { readonly line: Line; readonly hold: StandingHold | null }[];
}

export type HoldBook = ReturnType<typeof createHoldBook>;

/**
 * The holds of the account and its lines, in memory and on disk. `takeChanges` hands out every change once,
 * for the dispatcher's next turn to write.
 */
export function createHoldBook(
  onChange: (event: 'opened' | 'ended', hold: Pick<Hold, 'scope' | 'reason'>) => void,
) {
  const holds = new Map<string, Hold>();
  const lines = new Map<string, Line>();
  const liftedAt = new Map<string, EpochMs>();
  /** The stored ends of the holds that are probed before them. */
  const hastened = new Map<string, { readonly storedUntil: EpochMs | null; readonly until: EpochMs }>();
  let changes = noChanges();
  const keyOf = ({ scope, reason }: Pick<Hold, 'scope' | 'reason'>) => `${scope ?? ''} ${reason}`;
  const all = (): readonly Hold[] => [...holds.values()];

  const find = (scope: string | null, reason: StoredHoldReason) =>
    holds.get(keyOf({ scope, reason })) ?? null;

  function put(hold: Hold): void {
    const key = keyOf(hold);
    if (!holds.has(key)) onChange('opened', hold);
    holds.set(key, hold);
    hastened.delete(key);
    changes.put.set(key, hold);
  }

  /** @param isForced even if another replica has prolonged it */
  function end(scope: string | null, reason: StoredHoldReason, isForced = false): void {
    const key = keyOf({ scope, reason });
    const hold = holds.get(key);
    if (hold === undefined) return;
    const until = isForced ? null : (hastened.get(key)?.storedUntil ?? hold.until);
    holds.delete(key);
    hastened.delete(key);
    onChange('ended', { scope, reason });
    changes.put.delete(key);
    changes.ended.set(key, { scope, reason, until: laterEnd(changes.ended.get(key), until) });
  }

  /** Takes over what is stored, unless it is to be probed earlier. */
  function adopt(stored: readonly Hold[]): void {
    const before = new Map(hastened);
    holds.clear();
    hastened.clear();
    for (const hold of stored) {
      const key = keyOf(hold);
      const known = before.get(key);
      const isSame = known !== undefined && known.storedUntil === hold.until;
      if (isSame) hastened.set(key, known);
      holds.set(key, isSame ? { ...hold, until: known.until } : hold);
    }
    for (const key of changes.ended.keys()) holds.delete(key);
    for (const [key, hold] of changes.put) holds.set(key, hold);
  }

  function setCleared(line: string, clearedAt: EpochMs): boolean {
    const known = lines.get(line);
    if (known !== undefined) lines.set(line, { ...known, clearedAt });
    return known !== undefined;
  }

  /**
   * An ACTIVE event ends a pause once, when it arrives. Judged by its time alone, it would end the next pause
   * too if Linq's clock is ahead of ours. Attempts in progress at that moment don't start a new pause.
   */
  function heard(line: Line, now: EpochMs): void {
    const known = lines.get(line.line);
    lines.set(line.line, line);
    const pause = find(line.line, 'line_paused');
    if (pause === null || known?.statusAt === line.statusAt || !isLifted(pause, line)) return;
    end(line.line, 'line_paused');
    liftedAt.set(line.line, now);
  }

  /** The hold that closes the line, whether or not the account is closed. */
  function holdOf(line: string, now: EpochMs): StandingHold | null {
    const known = lines.get(line);
    return known === undefined ? null : lineHold(known, all(), now);
  }

  const snapshot = (now: EpochMs): HoldSnapshot => ({
    account: accountHold(all(), now),
    holds: all(),
    lines: [...lines.values()].map((line) => ({ line, hold: holdOf(line.line, now) })),
  });

  return {
    /** Takes over the store's holds and lines, except for changes that aren't written yet. */
    load(storedHolds: readonly Hold[], storedLines: readonly Line[], now: EpochMs): void {
      adopt(storedHolds);
      for (const line of storedLines) heard(line, now);
      for (const { line, clearedAt } of changes.cleared) setCleared(line, clearedAt);
    },
    /** A restart may have fixed the key or the lines: such holds are probed now. */
    hasten(now: EpochMs): void {
      for (const [key, hold] of holds) {
        if (!HOLDS[hold.reason].isProbedAtStart || hold.until === null || hold.until <= now) continue;
        hastened.set(key, { storedUntil: hastened.get(key)?.storedUntil ?? hold.until, until: now });
        holds.set(key, { ...hold, until: now });
      }
    },
    /**
     * Adopts what events have reported about lines since; cards and clearings are ours, and newer than the
     * store's.
     */
    refreshLines(stored: readonly Line[], now: EpochMs): void {
      for (const line of stored) {
        const { card, cardCheckedAt, clearedAt } = lines.get(line.line) ?? line;
        heard({ ...line, card, cardCheckedAt, clearedAt }, now);
      }
    },
    line: (line: string): Line | null => lines.get(line) ?? null,
    lines: (): readonly Line[] => [...lines.values()],
    all,
    find,
    put,
    end,
    /** The hold that closes the account. */
    accountHold: (now: EpochMs) => accountHold(all(), now),
    lineHold: holdOf,
    snapshot,
    /** What the snapshot's holds mean for a chat. */
    standing: (now: EpochMs): StandingHolds => standingHolds(snapshot(now)),
    /** Opens or extends a hold after a call that calls for it. */
    openOrExtend(
      scope: string | null,
      reason: WaitingHoldReason,
      call: { startedAt: EpochMs; endedAt: EpochMs },
      retryAfterMs: number | null = null,
    ): void {
      if (scope !== null && reason === 'line_paused' && call.startedAt < (liftedAt.get(scope) ?? 0)) return;
      const previous = find(scope, reason);
      const hold = holdAfter(previous, { scope, reason }, call, retryAfterMs);
      if (hold.until !== previous?.until) put(hold);
    },
    clearLine(line: string, clearedAt: EpochMs): void {
      if (setCleared(line, clearedAt)) changes.cleared.push({ line, clearedAt });
    },
    setCard(line: string, card: Line['card'], cardCheckedAt: EpochMs): void {
      const known = lines.get(line);
      if (known !== undefined) lines.set(line, { ...known, card, cardCheckedAt });
    },
    undo: (chatIds: readonly string[]): void => void changes.undone.push(...chatIds),
    takeChanges(): HoldChanges {
      const taken = changes;
      changes = noChanges();
      return taken;
    },
    /** Returns changes that couldn't be written to the next turn, unless newer ones replace them. */
    giveBack(taken: HoldChanges): void {
      changes = {
        ended: merged(taken.ended, changes.ended),
        put: new Map([...[...taken.put].filter(([key]) => !changes.ended.has(key)), ...changes.put]),
        cleared: [...taken.cleared, ...changes.cleared],
        undone: [...taken.undone, ...changes.undone],
      };
    },
    hasChanges: (): boolean =>
      changes.put.size > 0 ||
      changes.ended.size > 0 ||
      changes.cleared.length > 0 ||
      changes.undone.length > 0,
  };
}

function noChanges() {
  return {
    ended: new Map<string, EndedHold>(),
    put: new Map<string, Hold>(),
    cleared: [] as { line: string; clearedAt: EpochMs }[],
    undone: [] as string[],
  };
}

function merged(before: ReadonlyMap<string, EndedHold>, after: ReadonlyMap<string, EndedHold>) {
  const all = new Map(before);
  for (const [key, hold] of after) all.set(key, { ...hold, until: laterEnd(before.get(key), hold.until) });
  return all;
}

/** Ended twice, and begun again in between: neither end may miss what is stored. Null: in any case. */
function laterEnd(before: EndedHold | undefined, until: EpochMs | null | undefined): EpochMs | null {
  if (before === undefined) return until ?? null;
  const ends = [before.until ?? Number.POSITIVE_INFINITY, until ?? Number.POSITIVE_INFINITY];
  const latest = Math.max(...ends);
  return Number.isFinite(latest) ? latest : null;
}
