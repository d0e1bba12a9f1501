import type { ChatEvent } from '../../../src/decide/event.ts';
import { type Gates, OPEN_GATES } from './closures.ts';
import { NO_PAST, type Past } from './table.ts';
import { type Asked, type Told, toldOf } from './told.ts';

/** A chat as an onlooker knows it. */
export interface Known {
  readonly chatId: string;
  readonly events: ChatEvent[];
  told: Told;
  asked: Asked | null;
  /** When anything was last told or done. */
  changedAt: number;
}

/** Everything that is on disk. */
export interface Backup {
  readonly chats: ReadonlyMap<string, Known>;
  readonly pasts: ReadonlyMap<string, Past>;
  readonly gates: Gates;
  readonly shares: ReadonlyMap<string, readonly number[]>;
}

export type Memory = ReturnType<typeof createMemory>;

/** What the oracle knows: as of now, and as of when everything was last known to be written down. */
export function createMemory() {
  const chats = new Map<string, Known>();
  let pasts = new Map<string, Past>();
  let gates = OPEN_GATES;
  let kept = { pasts: new Map(pasts), gates };
  /** Ends of the shares that are on record. */
  const shares = new Map<string, readonly number[]>();
  /** Ends of the latest shares, whatever a restore has forgotten of them. */
  const lastSharedAt = new Map<string, number>();
  let restoredAt: number | null = null;

  const pastOf = (chatId: string): Past => pasts.get(chatId) ?? NO_PAST;

  function of(chatId: string): Known {
    const nothing = { chatId, events: [], told: toldOf([], null), asked: null, changedAt: 0 };
    const known = chats.get(chatId) ?? nothing;
    chats.set(chatId, known);
    return known;
  }

  function change(chatId: string, now: number, past: Partial<Past>): void {
    of(chatId).changedAt = now;
    pasts.set(chatId, { ...pastOf(chatId), ...past });
  }

  return {
    chats: chats as ReadonlyMap<string, Known>,
    of,
    pastOf,
    change,
    /** What is on disk at once, whatever becomes of the process. */
    changeForGood(chatId: string, now: number, past: Partial<Past>): void {
      change(chatId, now, past);
      kept.pasts.set(chatId, { ...(kept.pasts.get(chatId) ?? NO_PAST), ...past });
    },
    gates: (): Gates => gates,
    setGates(update: (gates: Gates) => Gates): void {
      gates = update(gates);
    },
    setGatesForGood(update: (gates: Gates) => Gates): void {
      gates = update(gates);
      kept = { ...kept, gates: update(kept.gates) };
    },
    /** All that happened is written down. */
    keep(): void {
      kept = { pasts: new Map(pasts), gates };
    },
    /** The process died: what isn't written down didn't happen. */
    forget(): void {
      pasts = new Map(kept.pasts);
      gates = kept.gates;
    },

    /** A share that was answered with success is written down. */
    shared(chatId: string, endedAt: number): void {
      shares.set(chatId, [...(shares.get(chatId) ?? []), endedAt]);
      lastSharedAt.set(chatId, endedAt);
    },
    sharesOf: (chatId: string): readonly number[] => shares.get(chatId) ?? [],
    lastSharedAt: (chatId: string): number | null => lastSharedAt.get(chatId) ?? null,
    /**
     * A chat that the backup lacked waits like the others: if we wrote in it before the restore, or if it turns up
     * within a window of it, since here nobody catches up.
     */
    markOf(chatId: string, isNew: boolean, windowMs: number, now: number): Partial<Past> {
      const { firstOutboundAt } = of(chatId).told;
      if (restoredAt === null || pastOf(chatId).restoredAt !== null) return {};
      const isForgotten = firstOutboundAt !== null && firstOutboundAt < restoredAt;
      return isForgotten || (isNew && now < restoredAt + windowMs) ? { restoredAt } : {};
    },

    copy(): Backup {
      const copied = new Map<string, Known>();
      for (const [chatId, known] of chats) copied.set(chatId, { ...known, events: [...known.events] });
      return { chats: copied, pasts: new Map(kept.pasts), gates: kept.gates, shares: new Map(shares) };
    },
    /** A backup took the place of the database: every chat in it waits one window. */
    restored(backup: Backup, now: number): void {
      chats.clear();
      kept = { pasts: new Map(), gates: backup.gates };
      for (const [chatId, known] of backup.chats) {
        chats.set(chatId, { ...known, events: [...known.events], changedAt: now });
        kept.pasts.set(chatId, { ...(backup.pasts.get(chatId) ?? NO_PAST), restoredAt: now });
      }
      shares.clear();
      for (const [chatId, ends] of backup.shares) shares.set(chatId, ends);
      for (const chatId of lastSharedAt.keys()) if (!chats.has(chatId)) lastSharedAt.delete(chatId);
      restoredAt = now;
    },
  };
}
