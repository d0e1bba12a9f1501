import type { EpochMs } from '../decide/time.ts';

/** What the simulated Linq knows. Instants are domain time; ids are UUIDs, as Linq's are. */

export type Service = 'iMessage' | 'SMS' | 'RCS';
export type CardState = 'active' | 'inactive' | 'none';
export type LineStatus = 'ACTIVE' | 'FLAGGED';
export type Reputation = 'HEALTHY' | 'AT_RISK' | 'CRITICAL';

export interface Card {
  firstName: string;
  lastName?: string;
  imageUrl?: string;
  isActive: boolean;
}

export interface Line {
  readonly lineId: string;
  /** E.164. */
  readonly number: string;
  readonly forwardingNumber: string | null;
  card: Card | null;
  status: LineStatus;
  reputation: Reputation;
}

/** A participant of one chat; the same handle keeps its id in every chat. */
export interface Participant {
  readonly handleId: string;
  readonly handle: string;
  service: Service;
  status: 'active' | 'left' | 'removed';
  joinedAt: EpochMs;
  leftAt: EpochMs | null;
  readonly isMe: boolean;
}

export interface Chat {
  readonly chatId: string;
  readonly line: string;
  readonly displayName: string | null;
  service: Service | null;
  readonly isGroup: boolean;
  /** Our line's side of the chat. */
  readonly own: Participant;
  readonly others: readonly Participant[];
  health: { readonly status: string; readonly updatedAt: EpochMs };
  readonly createdAt: EpochMs;
  updatedAt: EpochMs;
  readonly messages: Message[];
}

/**
 * What a message consists of: `{type: 'text', value}`, `{type: 'media', …}`, or whatever else a test wants to see; null
 * and `absent` as Linq may write and leave them out.
 */
export type Parts = readonly unknown[] | null | 'absent';

export interface Message {
  readonly messageId: string;
  readonly direction: 'inbound' | 'outbound';
  readonly from: Participant;
  readonly service: Service | null;
  readonly preferredService: Service | 'auto' | null;
  readonly idempotencyKey: string | null;
  readonly parts: Parts;
  status: 'queued' | 'sent' | 'delivered' | 'read' | 'received' | 'failed';
  readonly createdAt: EpochMs;
  updatedAt: EpochMs;
  sentAt: EpochMs | null;
  deliveredAt: EpochMs | null;
  readAt: EpochMs | null;
  /** When Linq itself recovered the message late; null for almost all. */
  readonly reconciledAt: EpochMs | null;
  /** Trace of the API call that caused the message; every event of its life carries it. */
  readonly traceId: string;
}
