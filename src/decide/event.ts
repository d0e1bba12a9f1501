import type { EpochMs } from './duration.ts';

/**
 * What one delivery (or one message read from the API) tells of a chat, in our words. A part that is null says
 * nothing. Every instant is the event's own, already bounded by its envelope's `created_at`; never the arrival.
 */
export interface ChatEvent {
  readonly kind: 'chat';
  readonly chatId: string;
  /** Evidence that our line sent a message; its line, service and group as far as stated. */
  readonly outbound: OutboundEvidence | null;
  readonly inbound: { readonly at: EpochMs; readonly isOptOut: boolean } | null;
  /** `status` in upper case. */
  readonly health: { readonly status: string; readonly at: EpochMs } | null;
  /** When our own line left the chat, or was added to it. */
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

export type ReactorEvent = ChatEvent | LineEvent;
