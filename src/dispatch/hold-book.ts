import {
  accountHold,
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

/** A hold in its current form, or only its key if it ended. */
export type HoldChange = Hold | Pick<Hold, 'scope' | 'reason'>;

/** The changes to holds that the dispatcher's next turn has to write. */
export interface HoldChanges {
  readonly holds: ReadonlyMap<string, HoldChange>;
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
  let changes = noChanges();
  const keyOf = ({ scope, reason }: Pick<Hold, 'scope' | 'reason'>) => `${scope ?? ''} ${reason}`;
  const all = (): readonly Hold[] => [...holds.values()];

  const find = (scope: string | null, reason: StoredHoldReason) =>
    holds.get(keyOf({ scope, reason })) ?? null;

  function put(hold: Hold): void {
    if (!holds.has(keyOf(hold))) onChange('opened', hold);
    holds.set(keyOf(hold), hold);
    changes.holds.set(keyOf(hold), hold);
  }

  function end(scope: string | null, reason: StoredHoldReason): void {
    if (!holds.delete(keyOf({ scope, reason }))) return;
    onChange('ended', { scope, reason });
    changes.holds.set(keyOf({ scope, reason }), { scope, reason });
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
    load(storedHolds: readonly Hold[], storedLines: readonly Line[], now: EpochMs): void {
      for (const hold of storedHolds) holds.set(keyOf(hold), hold);
      for (const line of storedLines) heard(line, now);
    },
    /**
     * The store's times were shifted: reloads its holds and lines, except for changes that aren't written
     * yet.
     */
    reload(storedHolds: readonly Hold[], storedLines: readonly Line[]): void {
      holds.clear();
      for (const hold of storedHolds) holds.set(keyOf(hold), hold);
      for (const [key, change] of changes.holds) {
        if ('since' in change) holds.set(key, change);
        else holds.delete(key);
      }
      for (const line of storedLines) lines.set(line.line, line);
      for (const { line, clearedAt } of changes.cleared) setCleared(line, clearedAt);
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
        holds: new Map([...taken.holds, ...changes.holds]),
        cleared: [...taken.cleared, ...changes.cleared],
        undone: [...taken.undone, ...changes.undone],
      };
    },
    hasChanges: (): boolean =>
      changes.holds.size > 0 || changes.cleared.length > 0 || changes.undone.length > 0,
  };
}

function noChanges() {
  return {
    holds: new Map<string, HoldChange>(),
    cleared: [] as { line: string; clearedAt: EpochMs }[],
    undone: [] as string[],
  };
}
