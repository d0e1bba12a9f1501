import type { ChatEvent } from '../../../src/decide/event.ts';
import type { LinqAnswer } from '../../../src/decide/outcome.ts';
import { DAY, type EpochMs } from '../../../src/decide/time.ts';

/** What the oracle knows of a chat: from what was delivered and answered, not from what the reactor stored. */
interface Known {
  readonly events: ChatEvent[];
  isHeld: boolean;
  /** Linq's refusals that outlast the moment, by the start of the attempt. */
  readonly refusals: { readonly at: EpochMs; readonly kind: 'opted_out' | 'blocked' }[];
  /** When an acknowledged share ended. */
  lastSharedAt: EpochMs | null;
  /** Shares asked for by hand that may still come. */
  asked: number;
}

export type Oracle = ReturnType<typeof createOracle>;

/** Watches every share call as it arrives, and says which promise it breaks. */
export function createOracle() {
  const chats = new Map<string, Known>();
  const broken: string[] = [];
  let isPaused = false;
  let limited = { from: 0, until: 0 };
  /** Chats refused in a row: from the fifth on, all are undone until a share works. */
  const refused = new Set<string>();

  function of(chatId: string): Known {
    const known = chats.get(chatId) ?? {
      events: [],
      isHeld: false,
      refusals: [],
      lastSharedAt: null,
      asked: 0,
    };
    chats.set(chatId, known);
    return known;
  }

  /** Why the chat must not be shared by itself now; null: nothing speaks against it. */
  function objection(chatId: string, now: EpochMs): string | null {
    const { events, isHeld, refusals, lastSharedAt } = of(chatId);
    const outbound = events.flatMap((event) => event.outbound ?? []).sort((a, b) => a.at - b.at);
    const latest = outbound.at(-1);
    const latestOf = (pick: (event: ChatEvent) => EpochMs | null) =>
      Math.max(-1, ...events.map((event) => pick(event) ?? -1));
    if (isPaused) return 'paused';
    if (now > limited.from && now < limited.until) return 'rate limited';
    if (isHeld) return 'held';
    if (latest === undefined) return 'nothing was sent';
    const stated = outbound.findLast(({ service }) => service !== null);
    if (stated !== undefined && stated.service !== 'iMessage') return 'not on iMessage';
    const leftAt = latestOf((event) => event.leftAt);
    if (leftAt > latestOf((event) => event.joinedAt) && leftAt >= latest.at) return 'left';
    const outAt = Math.max(
      latestOf(({ inbound }) => (inbound?.isOptOut === true ? inbound.at : null)),
      ...refusals.filter(({ kind }) => kind === 'opted_out').map(({ at }) => at),
    );
    const inAt = latestOf(({ inbound }) => (inbound?.isOptOut === false ? inbound.at : null));
    if (outAt >= 0 && outAt >= inAt) return 'opted out';
    if (refusals.some(({ kind }) => kind === 'blocked')) return 'blocked';
    if (lastSharedAt !== null && now < lastSharedAt + DAY) return 'inside the window';
    return null;
  }

  return {
    broken,
    told: (event: ChatEvent): void => void of(event.chatId).events.push(event),
    setHeld(chatId: string, isHeld: boolean): void {
      const known = of(chatId);
      known.isHeld = isHeld;
      if (isHeld) return;
      // a release ends the block list's word, too
      const kept = known.refusals.filter(({ kind }) => kind !== 'blocked');
      known.refusals.splice(0, known.refusals.length, ...kept);
    },
    setPaused(value: boolean): void {
      isPaused = value;
    },
    asked: (chatId: string): void => void of(chatId).asked++,
    /** A call arrives. */
    called(chatId: string, now: EpochMs): void {
      const known = of(chatId);
      const why = objection(chatId, now);
      const isByHand = why === 'inside the window' && known.asked > 0;
      if (why !== null && !isByHand) broken.push(`${chatId} was called at ${now}: ${why}`);
    },
    /** A call was answered at once, and the reactor lives on to write it down. */
    answered(chatId: string, at: EpochMs, answer: LinqAnswer): void {
      if (answer.kind !== 'answered') return;
      const known = of(chatId);
      if (answer.httpStatus < 300) {
        known.lastSharedAt = at;
        refused.clear();
      }
      if (answer.httpStatus === 429 && answer.retryAfterMs !== null) {
        limited = { from: at, until: Math.max(limited.until, at + answer.retryAfterMs) };
      }
      if (answer.linqCode === 2024) known.refusals.push({ at, kind: 'opted_out' });
      if (answer.linqCode === 2026) known.refusals.push({ at, kind: 'blocked' });
      if ([1005, 2001, 2024, 2026].includes(answer.linqCode ?? 0)) refused.add(chatId);
      if (refused.size >= 5) for (const one of refused) of(one).refusals.splice(0);
    },
    /** Chats without an acknowledged share in the last so many ms. */
    neglected(chatIds: readonly string[], now: EpochMs, withinMs: number): string[] {
      return chatIds.filter((chatId) => (of(chatId).lastSharedAt ?? 0) < now - withinMs);
    },
  };
}
