import type { EpochMs } from '../decide/time.ts';
import type { Behaviour } from './behaviour.ts';
import { isObject } from './reply.ts';
import type { Card, Chat, Line, Message, Participant } from './world.ts';

/** Linq's representation of its objects, in API responses and (partly) in webhooks. Pure. */

const CHAT_HEALTH_DOCS = 'https://docs.linqapp.com/guides/chats/chat-health';
const LINE_REPUTATION_DOCS = 'https://docs.linqapp.com/guides/phone-numbers/phone-reputation';

/** RFC 3339 with milliseconds; null stays null. */
export function iso<T extends EpochMs | null>(at: T): T extends null ? null : string;
export function iso(at: EpochMs | null): string | null {
  return at === null ? null : new Date(at).toISOString();
}

/** Linq mixes 3, 6 and 9 fraction digits; invented digits make readers prove that they truncate to milliseconds. */
export const isoMicros = (at: EpochMs): string => iso(at).replace('Z', '118Z');
export const isoNanos = (at: EpochMs): string => iso(at).replace('Z', '236571Z');

const slug = (status: string) => status.toLowerCase().replaceAll('_', '-');

export function healthObject(health: Chat['health']) {
  return {
    status: health.status,
    updated_at: iso(health.updatedAt),
    doc_url: `${CHAT_HEALTH_DOCS}#${slug(health.status)}`,
  };
}

export function participantObject(participant: Participant) {
  return {
    id: participant.handleId,
    handle: participant.handle,
    service: participant.service,
    status: participant.status,
    joined_at: isoMicros(participant.joinedAt),
    left_at: iso(participant.leftAt),
    is_me: participant.isMe,
  };
}

/**
 * The field `parts`, or nothing if it is omitted.
 * @param textExtras fields that text parts have in some places only
 * @param extras those of other parts
 */
export function partsOf({ parts }: Pick<Message, 'parts'>, textExtras: object = {}, extras: object = {}) {
  if (parts === 'absent') return {};
  const written = parts?.map((part) => {
    if (!isObject(part)) return part;
    return { ...part, ...(part.type === 'text' ? textExtras : extras) };
  });
  return { parts: written ?? null };
}

export function chatObject(chat: Chat) {
  return {
    id: chat.chatId,
    display_name: chat.displayName,
    service: chat.service,
    handles: [chat.own, ...chat.others].map(participantObject),
    health_status: healthObject(chat.health),
    is_archived: false,
    is_group: chat.isGroup,
    group_chat_icon: null,
    created_at: iso(chat.createdAt),
    updated_at: iso(chat.updatedAt),
  };
}

export function messageObject(chat: Chat, message: Message) {
  return {
    id: message.messageId,
    chat_id: chat.chatId,
    service: message.service,
    preferred_service: message.preferredService,
    from: message.from.handle,
    from_handle: participantObject(message.from),
    is_from_me: message.direction === 'outbound',
    delivery_status: message.status,
    is_delivered: message.deliveredAt !== null,
    is_read: message.readAt !== null,
    ...partsOf(message, { text_decorations: null, reactions: null }, { reactions: null }),
    effect: null,
    reply_to: null,
    sent_at: iso(message.sentAt),
    delivered_at: iso(message.deliveredAt),
    read_at: iso(message.readAt),
    created_at: iso(message.createdAt),
    updated_at: iso(message.updatedAt),
    ...(message.reconciledAt === null ? {} : { reconciled_at: iso(message.reconciledAt) }),
  };
}

export function cardObject(number: string, card: Card) {
  return {
    phone_number: number,
    first_name: card.firstName,
    ...(card.lastName === undefined ? {} : { last_name: card.lastName }),
    ...(card.imageUrl === undefined ? {} : { image_url: card.imageUrl }),
    is_active: card.isActive,
  };
}

export function lineObject(line: Line) {
  const reputation = {
    status: line.reputation,
    doc_url: `${LINE_REPUTATION_DOCS}#${slug(line.reputation)}`,
  };
  return {
    id: line.lineId,
    phone_number: line.number,
    forwarding_number: line.forwardingNumber,
    reputation,
    health_status: reputation,
  };
}

/** Reshapes responses and webhooks into current or past formats, as the account's behaviour says. */
export function reshape(value: unknown, behaviour: Pick<Behaviour, 'emptyLists' | 'healthShape'>): unknown {
  const { emptyLists, healthShape } = behaviour;
  if (emptyLists === 'empty' && healthShape === 'object') return value;
  if (Array.isArray(value)) {
    if (value.length === 0 && emptyLists === 'null') return null;
    return value.map((item) => reshape(item, behaviour));
  }
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, inner]) =>
      name === 'health_status' && isObject(inner)
        ? healthIn(healthShape, inner)
        : [[name, reshape(inner, behaviour)]],
    ),
  );
}

function healthIn(
  shape: Behaviour['healthShape'],
  health: Readonly<Record<string, unknown>>,
): readonly (readonly [string, unknown])[] {
  const status = String(health.status);
  switch (shape) {
    case 'object':
      return [['health_status', health]];
    case 'lowercase':
      return [['health_status', { ...health, status: status.toLowerCase() }]];
    case 'string':
      return [['health_status', status]];
    case 'score':
      return [['health_score', { score: status === 'HEALTHY' ? 100 : 20, reason: status }]];
    case 'absent':
      return [];
  }
}
