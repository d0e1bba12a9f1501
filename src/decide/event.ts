import type { EpochMs } from './time.ts';

/**
 * What one delivery (or one message read from the API) tells of a chat, in our words. A part that is null says
 * nothing. Every instant is the event's own, already bounded by its envelope's `created_at`; never the arrival.
 */
export interface ChatEvent {
  readonly kind: 'chat';
  readonly chatId: string;
  /** Evidence that our line sent a message; its line, service and group as far as stated. */
  readonly outbound: OutboundEvidence | null;
  /** `isOptOut` null: nothing that it says could be read, so it opts neither out nor in. */
  readonly inbound: { readonly at: EpochMs; readonly isOptOut: boolean | null } | null;
  /** `status` in upper case. */
  readonly health: { readonly status: string; readonly at: EpochMs } | null;
  /** When our own line left the chat, or was added to it. */
  readonly leftAt: EpochMs | null;
  readonly joinedAt: EpochMs | null;
  /** Someone left or was added, and Linq didn't say whether it is us. Then nothing else is told; see `ownMembership`. */
  readonly member?: Member;
}

/** `handle` may be a person's: it is compared with our lines, and kept nowhere. */
export interface Member {
  readonly handle: string;
  readonly leftAt: EpochMs | null;
  readonly joinedAt: EpochMs | null;
}

export interface OutboundEvidence {
  readonly at: EpochMs;
  /** E.164 number of our line. */
  readonly line: string | null;
  /** `iMessage`, `SMS`, `RCS`, or an unknown value as it came. */
  readonly service: string | null;
  readonly isGroup: boolean | null;
}

/** `phone_number.status_updated`: what Linq says of one of our lines. Values in upper case. */
export interface LineEvent {
  readonly kind: 'line';
  readonly line: string;
  readonly at: EpochMs;
  readonly status: string | null;
  readonly reputation: string | null;
}

/** `contact_card.…`: what is known of the line's card isn't true any more. Nothing of it is stored: a restart looks anyway. */
export interface CardEvent {
  readonly kind: 'card';
  readonly line: string;
}

export type ReactorEvent = ChatEvent | LineEvent | CardEvent;
