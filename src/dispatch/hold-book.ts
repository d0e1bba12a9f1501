import {
  accountHold,
  type Hold,
  holdAfter,
  isLifted,
  type Line,
  lineHold,
  type StandingHold,
  type StoredHoldReason,
  type WaitingHoldReason,
} from '../decide/holds.ts';
import type { EpochMs } from '../decide/time.ts';

/** A hold as it is now, or only its name when it ended. */
export type HoldChange = Hold | Pick<Hold, 'scope' | 'reason'>;

/** What the dispatcher's next turn has to write of the holds. */
export interface HoldChanges {
  readonly holds: ReadonlyMap<string, HoldChange>;
  readonly cleared: readonly { readonly line: string; readonly clearedAt: EpochMs }[];
  /** Chats whose refusals are to be undone. */
  readonly undone: readonly string[];
}

export type HoldBook = ReturnType<typeof createHoldBook>;

/**
 * The holds of the account and its lines, in memory as on disk. Every change is handed out once by `takeChanges`, to be
 * written in the dispatcher's next turn.
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
   * An ACTIVE event ends a pause when it is heard, once: by its time alone it would end the next one too, if Linq's
   * clock is ahead of ours. Attempts under way then don't start a new one.
   */
  function heard(line: Line, now: EpochMs): void {
    const known = lines.get(line.line);
    lines.set(line.line, line);
    const pause = find(line.line, 'line_paused');
    if (pause === null || known?.statusAt === line.statusAt || !isLifted(pause, line)) return;
    end(line.line, 'line_paused');
    liftedAt.set(line.line, now);
  }

  return {
    load(storedHolds: readonly Hold[], storedLines: readonly Line[], now: EpochMs): void {
      for (const hold of storedHolds) holds.set(keyOf(hold), hold);
      for (const line of storedLines) heard(line, now);
    },
    /** Our time was moved in the store: takes over what it holds, but for changes that aren't written yet. */
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
    /** Takes over what events said of lines since; cards and clearings are ours and newer than the store's. */
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
    /** The hold by which the account is closed. */
    accountHold: (now: EpochMs) => accountHold(all(), now),
    /** The hold by which the line is closed, whatever closes the account. */
    lineHold(line: string, now: EpochMs): StandingHold | null {
      const known = lines.get(line);
      return known === undefined ? null : lineHold(known, all(), now);
    },
    /** Opens or prolongs a hold after a call that says so. */
    close(
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
    /** Changes that couldn't be written go into the next turn, unless newer ones replace them. */
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
