import type { ChatRecord } from '../../decide/chat.ts';
import type { CardEvent, ChatEvent, LineEvent } from '../../decide/event.ts';
import { latest, mergeChatEvent, mergeLineEvent, ownMembership } from '../../decide/facts.ts';
import type { Line } from '../../decide/holds.ts';
import type { Policy } from '../../decide/policy.ts';
import type { EpochMs } from '../../decide/time.ts';
import type { QuarantinedDelivery, Recordable } from '../store.ts';
import { type ChatWrite, decided, type StoredChat } from './chat-row.ts';
import { type Restored, withRestoreMark } from './housekeeping.ts';

/** What has to be read before a group can be recorded. */
export interface Named {
  readonly chatIds: ReadonlySet<string>;
  /** Numbers that may be our lines, or people's. */
  readonly handles: ReadonlySet<string>;
}

export function namedIn(entries: readonly Recordable[]): Named {
  const chatIds = new Set<string>();
  const handles = new Set<string>();
  for (const entry of entries) {
    if ('sealed' in entry) continue;
    if (entry.kind === 'line' || (entry.kind === 'card' && entry.changedAt !== null)) handles.add(entry.line);
    if (entry.kind !== 'chat') continue;
    chatIds.add(entry.chatId);
    if (entry.member !== undefined) handles.add(entry.member.handle);
  }
  return { chatIds, handles };
}

export interface RecordRows<C extends StoredChat> {
  /** Every named chat; one that isn't stored is a new one without a row. */
  readonly chats: ReadonlyMap<string, C>;
  /** The handles that are our lines. */
  readonly lines: ReadonlyMap<string, Line>;
  readonly restored: Restored;
}

/** What a group changes in the chats and lines that it names, and which of its entries can't be read. */
export interface RecordPlan<C extends StoredChat> {
  readonly chats: readonly ChatWrite<C>[];
  readonly lines: readonly Line[];
  readonly unreadable: readonly QuarantinedDelivery[];
}

/** @see Store.record */
export function planRecord<C extends StoredChat>(
  entries: readonly Recordable[],
  rows: RecordRows<C>,
  policy: Policy,
  now: EpochMs,
): RecordPlan<C> {
  const unreadable: QuarantinedDelivery[] = [];
  const chats = new Map<string, { readonly stored: C; chat: ChatRecord }>();
  const lines = new Map<string, Line>();
  const isOurLine = (handle: string, chatId: string) =>
    handle === chats.get(chatId)?.chat.line || rows.lines.has(handle);

  function mergeChat(reported: ChatEvent): void {
    const event = ownMembership(reported, (handle) => isOurLine(handle, reported.chatId));
    const stored = rows.chats.get(reported.chatId);
    if (event === null || stored === undefined) return;
    const touched = chats.get(event.chatId) ?? { stored, chat: stored.chat };
    chats.set(event.chatId, touched);
    const merged = mergeChatEvent(touched.chat, event);
    if (merged === touched.chat) return;
    const isMoved = merged.line !== touched.chat.line; // nothing was read of the card of its new line
    const unasked =
      merged.lookedUpAt === null && !isMoved
        ? merged
        : { ...merged, lookedUpAt: null, cardChangedAt: isMoved ? null : merged.cardChangedAt };
    touched.chat = withRestoreMark(unasked, stored.id === null, rows.restored, policy, now);
  }

  function mergeLine(event: LineEvent): void {
    const known = lines.get(event.line) ?? rows.lines.get(event.line) ?? newLine(event.line);
    lines.set(event.line, mergeLineEvent(known, event));
  }

  /** A number that isn't our line isn't remembered. */
  function mergeCard({ line, changedAt }: CardEvent): void {
    const known = lines.get(line) ?? rows.lines.get(line);
    if (known === undefined || changedAt === null || !policy.reshareOnCardChange) return;
    const cardChangedAt = latest(known.cardChangedAt, Math.min(changedAt, now));
    if (cardChangedAt !== known.cardChangedAt) lines.set(line, { ...known, cardChangedAt });
  }

  for (const entry of entries) {
    if ('sealed' in entry) unreadable.push(entry);
    else if (entry.kind === 'chat') mergeChat(entry);
    else if (entry.kind === 'line') mergeLine(entry);
    else mergeCard(entry);
  }
  return {
    chats: [...chats.values()]
      .map(({ stored, chat }) => ({ stored, chat: decided(stored, chat, policy, now) }))
      .filter(({ stored, chat }) => stored.id === null || chat !== stored.chat),
    lines: [...lines.values()].filter((line) => line !== rows.lines.get(line.line)),
    unreadable,
  };
}

/** A line about which nothing is known yet. */
function newLine(line: string): Line {
  return {
    line,
    status: null,
    statusAt: null,
    reputation: null,
    reputationAt: null,
    card: 'unknown',
    cardCheckedAt: null,
    clearedAt: null,
    cardDigest: null,
    cardChangedAt: null,
  };
}
