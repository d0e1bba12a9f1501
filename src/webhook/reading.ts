import type { ChatEvent, ReactorEvent } from '../decide/event.ts';
import type { EpochMs } from '../decide/time.ts';
import { expected, type Health, type Node } from '../payload.ts';

/** What stands around the event's own data. */
export interface Envelope {
  readonly eventType: string;
  /** Of the payload; null: not told. */
  readonly version: string | null;
  /** When Linq made the event: the bound of every time in it. Null: not told, no bound. */
  readonly createdAt: EpochMs | null;
  readonly data: Node;
}

export type Reading =
  | { readonly kind: 'event'; readonly event: ReactorEvent }
  /** It carries nothing for us. */
  | { readonly kind: 'ignored'; readonly reason: string };

export const SAYS_NOTHING: Reading = { kind: 'ignored', reason: 'it says nothing that matters for sharing' };

/** An event of a chat with what was told of it; ignored when that is nothing. */
export function readingOf(chatId: string, told: Partial<ChatEvent>): Reading {
  const { outbound = null, inbound = null, health = null, leftAt = null, joinedAt = null, member } = told;
  const event = { kind: 'chat', chatId, outbound, inbound, health, leftAt, joinedAt } as const;
  if (member !== undefined) return { kind: 'event', event: { ...event, member } };
  if ((outbound ?? inbound ?? health ?? leftAt ?? joinedAt) === null) return SAYS_NOTHING;
  return { kind: 'event', event };
}

/**
 * The first time that is told, at the latest the envelope's `created_at`: nothing happened after its own event. It is
 * signed, so every redelivery agrees.
 * @throws PayloadError when none is told
 */
export function datedBy(envelope: Envelope, ...told: readonly (EpochMs | null)[]): EpochMs {
  const { createdAt } = envelope;
  const at = told.find((time) => time !== null) ?? createdAt;
  if (at === null) {
    const root = { at: '', value: {}, onUnreadable: envelope.data.onUnreadable };
    throw expected(root, 'created_at', 'an RFC 3339 time, since no other is told');
  }
  return createdAt === null ? at : Math.min(at, createdAt);
}

/** Dates a health by its own time, else by the event's, else by the message's. */
export function datedHealth(
  envelope: Envelope,
  health: Health | null,
  messageAt: EpochMs | null = null,
): ChatEvent['health'] {
  return health && { status: health.status, at: datedBy(envelope, health.at, envelope.createdAt, messageAt) };
}
