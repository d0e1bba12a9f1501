import type { EpochMs } from './time.ts';

/**
 * What one webhook (or one message read from the API) reports about a chat, in our terms. A part that is null
 * reports nothing. Every instant is the event's own, already capped by its envelope's `created_at`; never the
 * arrival time.
 */
export interface ChatEvent {
  readonly kind: 'chat';
  readonly chatId: string;
  /** Evidence that our line sent a message, with its line, service and group where stated. */
  readonly outbound: OutboundEvidence | null;
  /** `isOptOut` null: its content couldn't be read, so it opts neither out nor in. */
  readonly inbound: { readonly at: EpochMs; readonly isOptOut: boolean | null } | null;
  /** `status` in upper case. */
  readonly health: { readonly status: string; readonly at: EpochMs } | null;
  /** When our own line left the chat, or was added to it. */
  readonly leftAt: EpochMs | null;
  readonly joinedAt: EpochMs | null;
  /**
   * Someone left or was added, and Linq didn't say whether it was us. The event then reports nothing else;
   * see `ownMembership`.
   */
  readonly member?: Member;
}

/** `handle` may be a person's: it is compared with our lines and never stored. */
export interface Member {
  readonly handle: string;
  readonly leftAt: EpochMs | null;
  readonly joinedAt: EpochMs | null;
}

export interface OutboundEvidence {
  readonly at: EpochMs;
  /** E.164 number of our line. */
  readonly line: string | null;
  /** `iMessage`, `SMS`, `RCS`, or an unknown value as received. */
  readonly service: string | null;
  readonly isGroup: boolean | null;
}

/** `phone_number.status_updated`: what Linq reports about one of our lines. Values in upper case. */
export interface LineEvent {
  readonly kind: 'line';
  readonly line: string;
  readonly at: EpochMs;
  readonly status: string | null;
  readonly reputation: string | null;
}

/**
 * `contact_card.…`: what we know about the line's card is outdated. Only `changedAt` is stored: a restart checks every card
 * anyway.
 */
export interface CardEvent {
  readonly kind: 'card';
  readonly line: string;
  /** When an existing card was changed; null: it wasn't, or Linq didn't say when. */
  readonly changedAt: EpochMs | null;
}

export type ReactorEvent = ChatEvent | LineEvent | CardEvent;
