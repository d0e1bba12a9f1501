import type { EpochMs } from '../decide/duration.ts';

/** What the simulated Linq knows. Instants are domain time; ids are UUIDs, as Linq's are. */

export type Service = 'iMessage' | 'SMS' | 'RCS';
export type CardState = 'active' | 'inactive' | 'none';
export type ChatOrder = 'created' | 'updated' | 'random';
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

export type Part =
  | { readonly type: 'text'; readonly value: string }
  | {
      readonly type: 'media';
      readonly id: string;
      readonly filename: string;
      readonly mime_type: string;
      readonly size_bytes: number;
      readonly url: string;
    };

export interface Message {
  readonly messageId: string;
  readonly direction: 'inbound' | 'outbound';
  readonly from: Participant;
  readonly service: Service | null;
  readonly preferredService: Service | 'auto' | null;
  readonly idempotencyKey: string | null;
  readonly parts: readonly Part[];
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

/** How the simulated Linq behaves where its documentation is silent, and how badly its deliveries arrive. */
export interface Behaviour {
  /** Refuse shares to a person who opted out with 2024, as is documented for sends. Default true. */
  refuseOptedOut: boolean;
  /** Emit a `message.sent` for every successful share. Default false. */
  messagePerShare: boolean;
  /** For how long after a visible prompt further calls show nothing (domain ms). Default 24 h. */
  suppressionMs: number;
  /** What `GET contact_card` says of a line without a card: an empty list, or 404/2012. Default `empty`. */
  missingCard: 'empty' | 'not_found';
  /** Whether a card that is created or changed is on the device at once. Default `active`. */
  newCard: 'active' | 'inactive';
  /** Share of deliveries that are sent twice, 0 to 1. Default 0. */
  duplicateRate: number;
  /** Share of deliveries that are never sent, 0 to 1; with 1 only the API tells what happened. Default 0. */
  lossRate: number;
  /** Each delivery is held back by a random time up to this (real ms), which shuffles them. Default 0. */
  shuffleMs: number;
  /**
   * In which order chats are listed: as they were `created` (default), latest `updated` first, so that pages shift when
   * something happens, or in a `random` order that stays the same.
   */
  chatOrder: ChatOrder;
  /** After each page of chats, so many of them move to the front, as if pages shifted on their own. Default 0. */
  shiftPages: number;
  /** Whether each redelivery is signed with a fresh timestamp. Default true. */
  renewTimestamp: boolean;
}
