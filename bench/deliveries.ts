import { createHash } from 'node:crypto';
import { type MessageEventType, messagePayload, type PayloadVersion } from '../src/simulator/payloads.ts';
import { createRandom } from '../src/simulator/random.ts';
import { signDelivery } from '../src/simulator/sign.ts';
import type { Chat, Message, Participant } from '../src/simulator/world.ts';
import { LINES, SECRET } from './settings.ts';

export interface DeliveryPlan {
  readonly count: number;
  /** Chats that the deliveries are about, picked at random. */
  readonly chats: number;
  /** No two plans of a run have the same: it makes the deliveries distinct. */
  readonly seed: number;
}

/** What a small sender's traffic looks like: mostly messages that we sent, their receipts, and some answers. */
const MIX: readonly (readonly [MessageEventType, number])[] = [
  ['message.sent', 0.7],
  ['message.delivered', 0.1],
  ['message.read', 0.05],
  ['message.received', 0.15],
];
const SHARE_OF_OLD_VERSION = 0.1;
const HEADERS = 'host: 127.0.0.1\r\nuser-agent: bench\r\naccept: */*\r\ncontent-type: application/json\r\n';

/** Whole HTTP requests, each with an event of its own, signed as Linq signs. */
export function buildDeliveries({ count, chats, seed }: DeliveryPlan): Buffer[] {
  const random = createRandom(seed);
  const now = Date.now();
  return Array.from({ length: count }, (_, n) => {
    const eventId = idOf(`event ${seed} ${n}`);
    const version: PayloadVersion = random() < SHARE_OF_OLD_VERSION ? '2025-01-01' : '2026-02-03';
    const eventType = pickType(random());
    const chat = chatOf(Math.floor(random() * chats), now);
    const sentAt = now - Math.floor(random() * 1000);
    const head = { eventId, createdAt: now, traceId: eventId.replaceAll('-', ''), partnerId: 'bench' };
    const payload = messagePayload(
      head,
      version,
      eventType,
      chat,
      messageOf(chat, eventType, eventId, sentAt),
    );
    return requestOf(eventId, now, JSON.stringify(payload), version);
  });
}

/** An id that looks like Linq's, always the same for a name. */
export function idOf(name: string): string {
  const hex = createHash('md5').update(name).digest('hex');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

function pickType(at: number): MessageEventType {
  let upTo = 0;
  for (const [type, share] of MIX) {
    upTo += share;
    if (at < upTo) return type;
  }
  return 'message.sent';
}

function requestOf(webhookId: string, now: number, body: string, version: PayloadVersion): Buffer {
  const signed = signDelivery({ secret: SECRET, webhookId, timestampSeconds: Math.floor(now / 1000), body });
  const signature = Object.entries(signed).map(([name, value]) => `${name}: ${value}\r\n`);
  const head = `POST /webhooks/linq?version=${version} HTTP/1.1\r\n${HEADERS}${signature.join('')}`;
  return Buffer.from(`${head}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
}

function chatOf(index: number, now: number): Chat {
  const line = LINES[index % LINES.length] ?? '';
  const person = `+1303555${String(index % 10_000).padStart(4, '0')}`;
  return {
    chatId: idOf(`chat ${index}`),
    line,
    displayName: null,
    service: 'iMessage',
    isGroup: false,
    own: participantOf(line, true, now),
    others: [participantOf(person, false, now)],
    health: { status: 'HEALTHY', updatedAt: now - 3_600_000 },
    createdAt: now,
    updatedAt: now,
    messages: [],
  };
}

function participantOf(handle: string, isMe: boolean, now: number): Participant {
  return {
    handleId: idOf(handle),
    handle,
    service: 'iMessage',
    status: 'active',
    joinedAt: now,
    leftAt: null,
    isMe,
  };
}

function messageOf(chat: Chat, eventType: MessageEventType, eventId: string, sentAt: number): Message {
  const isInbound = eventType === 'message.received';
  const hasArrived = eventType === 'message.delivered' || eventType === 'message.read';
  return {
    messageId: idOf(`message ${eventId}`),
    direction: isInbound ? 'inbound' : 'outbound',
    from: isInbound ? (chat.others[0] ?? chat.own) : chat.own,
    service: 'iMessage',
    preferredService: null,
    idempotencyKey: null,
    parts: [{ type: 'text', value: 'Your order is ready; come by any time before six.' }],
    status: 'sent',
    createdAt: sentAt,
    updatedAt: sentAt,
    sentAt,
    deliveredAt: hasArrived ? sentAt + 300 : null,
    readAt: eventType === 'message.read' ? sentAt + 600 : null,
    reconciledAt: null,
    traceId: eventId.replaceAll('-', ''),
  };
}
