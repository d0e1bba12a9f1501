import type { EpochMs } from '../decide/time.ts';
import {
  chatObject,
  healthObject,
  iso,
  isoMicros,
  isoNanos,
  participantObject,
  partsOf,
} from './resources.ts';
import type { Chat, LineStatus, Message, Participant, Reputation } from './world.ts';

/** Linq's two payload versions; subscriptions made before February 2026 still get the second. */
export type PayloadVersion = '2026-02-03' | '2025-01-01';

/** The fields of every event. */
export interface EventHead {
  readonly eventId: string;
  readonly createdAt: EpochMs;
  readonly traceId: string;
  readonly partnerId: string;
}

/** A webhook body before serialization; keys in the order of Linq's own samples. */
export interface Payload {
  readonly api_version: 'v3';
  readonly webhook_version: PayloadVersion;
  readonly event_type: string;
  readonly event_id: string;
  readonly created_at: string;
  readonly trace_id: string;
  readonly partner_id: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** Wraps the event-specific fields. */
export function envelope(
  head: EventHead,
  version: PayloadVersion,
  eventType: string,
  data: Readonly<Record<string, unknown>>,
): Payload {
  return {
    api_version: 'v3',
    webhook_version: version,
    event_type: eventType,
    event_id: head.eventId,
    created_at: isoNanos(head.createdAt),
    trace_id: head.traceId,
    partner_id: head.partnerId,
    data,
  };
}

/** An event about the account itself. @param about further fields, as far as known */
export function accountPayload(
  head: EventHead,
  version: PayloadVersion,
  eventType: string,
  at: EpochMs,
  origin: 'dashboard' | 'api' | 'linq',
  about: object,
): Payload {
  return envelope(head, version, eventType, {
    summary: eventType.replaceAll(/[._]/g, ' '),
    occurred_at: iso(at),
    actor: { type: origin === 'dashboard' ? 'team_member' : 'api' },
    origin,
    ...about,
  });
}

export type MessageEventType = 'message.sent' | 'message.delivered' | 'message.read' | 'message.received';
export type ParticipantEventType = 'participant.added' | 'participant.removed';

/** A message was sent, delivered, read or received: the one kind of event whose shape differs by version. */
export function messagePayload(
  head: EventHead,
  version: PayloadVersion,
  eventType: MessageEventType,
  chat: Chat,
  message: Message,
): Payload {
  const data = version === '2026-02-03' ? message2026(chat, message) : message2025(eventType, chat, message);
  return envelope(head, version, eventType, data);
}

function message2026(chat: Chat, message: Message): Record<string, unknown> {
  return {
    id: message.messageId,
    chat: {
      id: chat.chatId,
      is_group: chat.isGroup,
      owner_handle: participantObject(chat.own),
      health_status: healthObject(chat.health),
    },
    direction: message.direction,
    sender_handle: participantObject(message.from),
    service: message.service,
    preferred_service: message.preferredService,
    ...partsOf(message, { text_decorations: null }),
    effect: null,
    reply_to: null,
    idempotency_key: message.idempotencyKey,
    sent_at: iso(message.sentAt),
    delivered_at: iso(message.deliveredAt),
    read_at: iso(message.readAt),
    ...(message.reconciledAt === null ? {} : { reconciled_at: iso(message.reconciledAt) }),
  };
}

function message2025(eventType: MessageEventType, chat: Chat, message: Message): Record<string, unknown> {
  const inbound = message.direction === 'inbound';
  return {
    chat_id: chat.chatId,
    from: message.from.handle,
    from_handle: participantObject(message.from),
    is_from_me: !inbound,
    is_group: chat.isGroup,
    service: message.service,
    preferred_service: message.preferredService,
    idempotency_key: message.idempotencyKey,
    recipient_phone: null,
    recipient_handle: inbound ? participantObject(chat.own) : null,
    received_at: inbound ? iso(message.sentAt) : null,
    message: {
      id: message.messageId,
      ...partsOf(message),
      is_delivered: message.deliveredAt !== null,
      is_read: message.readAt !== null,
      sent_at: iso(message.sentAt),
      delivered_at: iso(message.deliveredAt),
      read_at: iso(message.readAt),
      created_at: isoMicros(message.createdAt),
      updated_at: isoMicros(message.updatedAt),
      ...(message.reconciledAt === null ? {} : { reconciled_at: iso(message.reconciledAt) }),
    },
    ...(eventType === 'message.delivered'
      ? { message_id: message.messageId, delivered_at: iso(message.deliveredAt) }
      : {}),
    ...(eventType === 'message.read' ? { message_id: message.messageId, read_at: iso(message.readAt) } : {}),
  };
}

interface MessageFailure {
  readonly code: number;
  readonly reason: string;
  readonly failedAt: EpochMs;
  /** Opaque; only in the newer version. */
  readonly detailCode: number | null;
}

/** A message could not be sent. Linq reports neither direction nor line. */
export function messageFailedPayload(
  head: EventHead,
  version: PayloadVersion,
  chat: Chat,
  message: Message,
  failure: MessageFailure,
): Payload {
  return envelope(head, version, 'message.failed', {
    chat_id: chat.chatId,
    message_id: message.messageId,
    code: failure.code,
    reason: failure.reason,
    failed_at: iso(failure.failedAt),
    ...(version === '2026-02-03'
      ? {
          detail_code: failure.detailCode,
          service: message.service,
          preferred_service: message.preferredService,
        }
      : {}),
  });
}

/** A message's text was changed: no new activity. */
export function messageEditedPayload(
  head: EventHead,
  version: PayloadVersion,
  chat: Chat,
  message: Message,
  at: EpochMs,
): Payload {
  const { id, chat: of, direction, sender_handle } = message2026(chat, message);
  const part = { index: 0, text: 'Thanks for writing in. How can we help?' };
  const data = { id, direction, edited_at: iso(at), part, chat: of, sender_handle };
  return envelope(head, version, 'message.edited', data);
}

export function chatCreatedPayload(head: EventHead, version: PayloadVersion, chat: Chat): Payload {
  const { is_archived: _archived, group_chat_icon: _icon, ...data } = chatObject(chat);
  return envelope(head, version, 'chat.created', data);
}

/** A participant, perhaps our own line, joined or left a chat. */
export function participantPayload(
  head: EventHead,
  version: PayloadVersion,
  eventType: ParticipantEventType,
  chat: Chat,
  participant: Participant,
  at: EpochMs,
): Payload {
  return envelope(head, version, eventType, {
    chat_id: chat.chatId,
    handle: participant.handle,
    participant: participantObject(participant),
    [eventType === 'participant.added' ? 'added_at' : 'removed_at']: iso(at),
  });
}

interface LineChange {
  readonly number: string;
  readonly previousStatus: LineStatus;
  readonly newStatus: LineStatus;
  readonly previousReputation: Reputation;
  readonly newReputation: Reputation;
  readonly changedAt: EpochMs;
}

/** A line was flagged or cleared, or its reputation changed. */
export function lineStatusPayload(head: EventHead, version: PayloadVersion, change: LineChange): Payload {
  const reputation = {
    previous_reputation: change.previousReputation,
    new_reputation: change.newReputation,
    previous_health_status: change.previousReputation,
    new_health_status: change.newReputation,
  };
  return envelope(head, version, 'phone_number.status_updated', {
    phone_number: change.number,
    previous_status: change.previousStatus,
    new_status: change.newStatus,
    ...(version === '2026-02-03' ? reputation : {}),
    changed_at: iso(change.changedAt),
  });
}
