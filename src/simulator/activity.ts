import type { Clock } from '../clock.ts';
import type { EpochMs } from '../decide/time.ts';
import type { Publish } from './linq-events.ts';
import {
  chatCreatedPayload,
  lineStatusPayload,
  type MessageEventType,
  messageFailedPayload,
  messagePayload,
  type ParticipantEventType,
  participantPayload,
} from './payloads.ts';
import type { Randomness } from './random.ts';
import { SimulatorError } from './simulator-errors.ts';
import type { Chat, LineStatus, Message, NewChat, Parts, Reputation, Service, World } from './world.ts';

interface SendOptions {
  readonly text?: string;
  /** In place of `text`; may be empty, null or left out. */
  readonly parts?: Parts;
  /** When it was sent (domain time). Default: now. */
  readonly at?: EpochMs;
  /** Default: the chat's. */
  readonly service?: Service | null;
  /** Also emit `message.delivered` at once. */
  readonly delivered?: boolean;
  /** Also emit `message.delivered` and `message.read` at once. */
  readonly read?: boolean;
  /** When Linq recovered the message late. */
  readonly reconciledAt?: EpochMs;
  readonly idempotencyKey?: string;
}

interface ReceiveOptions {
  readonly at?: EpochMs;
  readonly service?: Service | null;
  /** Replaces the text's parts; the text still decides whether this is an opt-out. */
  readonly parts?: Parts;
  /** The sender, in a group. Default: the first of the others. */
  readonly handle?: string;
}

interface FailOptions {
  /** Default 4001. */
  readonly code?: number;
  readonly text?: string;
}

/** Messages and their progress; each change emits its webhook event. */
export interface Messages {
  sendMessage(chatId: string, options?: SendOptions): Message;
  markDelivered(chatId: string, messageId: string): Message;
  markRead(chatId: string, messageId: string): Message;
  /** An opt-out word marks a direct chat and its person; that person's next other message ends it. */
  receiveMessage(chatId: string, text: string, options?: ReceiveOptions): Message;
  /** A new outbound message that could not be sent: it never gets a sent time. */
  failMessage(chatId: string, options?: FailOptions): Message;
}

/**
 * The whole trimmed message in upper case, or "opt out" in any case.
 * Source: Linq's documentation of opt-outs as of August 2026.
 */
const isOptOutWord = (text: string): boolean =>
  /^(STOP|UNSUBSCRIBE|OPTOUT|CANCEL|END|QUIT)$/.test(text.trim()) || /^opt[ -]?out$/i.test(text.trim());

type NewMessage = Pick<Message, 'direction' | 'from' | 'parts' | 'status' | 'sentAt'> & Partial<Message>;

export function createMessages(
  world: World,
  clock: Pick<Clock, 'now'>,
  randomness: Randomness,
  publish: Publish,
): Messages {
  const publishMessage = (eventType: MessageEventType, chat: Chat, message: Message) =>
    publish(eventType, { line: chat.line, chatId: chat.chatId, traceId: message.traceId }, (head, version) =>
      messagePayload(head, version, eventType, chat, message),
    );

  const add = (chat: Chat, message: NewMessage): Message => {
    const createdAt = message.sentAt ?? clock.now();
    const added: Message = {
      messageId: randomness.uuid('message'),
      service: chat.service,
      preferredService: null,
      idempotencyKey: null,
      createdAt,
      updatedAt: createdAt,
      deliveredAt: null,
      readAt: null,
      reconciledAt: null,
      traceId: randomness.trace('trace of message'),
      ...message,
    };
    chat.messages.push(added);
    chat.updatedAt = clock.now();
    return added;
  };

  const acknowledge = (chatId: string, messageId: string, status: 'delivered' | 'read'): Message => {
    const chat = world.chat(chatId);
    const message = chat.messages.find((candidate) => candidate.messageId === messageId);
    if (message === undefined) throw new SimulatorError(`no message ${messageId} in chat ${chatId}`);
    const at = clock.now();
    message.status = status;
    message.updatedAt = at;
    chat.updatedAt = at;
    message.deliveredAt ??= at;
    if (status === 'read') message.readAt ??= at;
    publishMessage(`message.${status}`, chat, message);
    return message;
  };

  const applyWord = (chat: Chat, handle: string, text: string) => {
    if (chat.isGroup) return; // Linq neither marks nor blocks groups
    const optsOut = isOptOutWord(text);
    if (optsOut) world.optedOut.add(handle);
    else world.optedOut.delete(handle);
    if (optsOut) chat.health = { status: 'OPTED_OUT', updatedAt: clock.now() };
    else if (chat.health.status === 'OPTED_OUT') chat.health = { status: 'HEALTHY', updatedAt: clock.now() };
  };

  return {
    sendMessage(chatId, options = {}) {
      const chat = world.chat(chatId);
      const message = add(chat, {
        direction: 'outbound',
        from: chat.own,
        parts:
          options.parts === undefined
            ? [{ type: 'text', value: options.text ?? 'Thanks for writing in!' }]
            : options.parts,
        status: 'sent',
        sentAt: options.at ?? clock.now(),
        service: options.service === undefined ? chat.service : options.service,
        reconciledAt: options.reconciledAt ?? null,
        idempotencyKey: options.idempotencyKey ?? null,
      });
      publishMessage('message.sent', chat, message);
      if (options.delivered || options.read) acknowledge(chatId, message.messageId, 'delivered');
      if (options.read) acknowledge(chatId, message.messageId, 'read');
      return message;
    },
    markDelivered: (chatId, messageId) => acknowledge(chatId, messageId, 'delivered'),
    markRead: (chatId, messageId) => acknowledge(chatId, messageId, 'read'),
    receiveMessage(chatId, text, options = {}) {
      const chat = world.chat(chatId);
      const from = chat.others.find(
        ({ handle }) => options.handle === undefined || handle === options.handle,
      );
      if (from === undefined) throw new SimulatorError(`no participant with that handle in chat ${chatId}`);
      applyWord(chat, from.handle, text);
      const message = add(chat, {
        direction: 'inbound',
        from,
        parts: options.parts === undefined ? [{ type: 'text', value: text }] : options.parts,
        status: 'received',
        sentAt: options.at ?? clock.now(),
        service: options.service === undefined ? chat.service : options.service,
      });
      publishMessage('message.received', chat, message);
      return message;
    },
    failMessage(chatId, { code = 4001, text = 'Are you still there?' } = {}) {
      const chat = world.chat(chatId);
      const message = add(chat, {
        direction: 'outbound',
        from: chat.own,
        parts: [{ type: 'text', value: text }],
        status: 'failed',
        sentAt: null,
      });
      const failure = { code, reason: 'Delivery failed', failedAt: clock.now(), detailCode: 120417 };
      const about = { line: chat.line, chatId, traceId: message.traceId };
      publish('message.failed', about, (head, version) =>
        messageFailedPayload(head, version, chat, message, failure),
      );
      return message;
    },
  };
}

/** Changes to lines and chats; those that Linq announces emit their webhook event. */
export interface Changes {
  /** Emits `chat.created` unless disabled. */
  createChat(chat: NewChat): Chat;
  /** Silently changes Linq's record of a chat: visible in later events and responses. */
  updateChat(chatId: string, change: { service?: Service | null; health?: string }): Chat;
  /** Our line leaves the chat (`participant.removed`): shares are refused with 2013. */
  leaveChat(chatId: string): void;
  /** Our line is added again (`participant.added`). */
  joinChat(chatId: string): void;
  /** `phone_number.status_updated`; the reputation stays unless given. */
  flagLine(line: string, status: LineStatus, reputation?: Reputation): void;
}

export function createChanges(world: World, clock: Pick<Clock, 'now'>, publish: Publish): Changes {
  const move = (chatId: string, eventType: ParticipantEventType) => {
    const chat = world.chat(chatId);
    const at = clock.now();
    const joins = eventType === 'participant.added';
    if (joins === (chat.own.status === 'active'))
      throw new SimulatorError(`chat ${chatId}: our line is already ${chat.own.status}`);
    chat.own.status = joins ? 'active' : 'left';
    chat.own.leftAt = joins ? null : at;
    if (joins) chat.own.joinedAt = at;
    chat.updatedAt = at;
    publish(eventType, { line: chat.line, chatId }, (head, version) =>
      participantPayload(head, version, eventType, chat, chat.own, at),
    );
  };

  return {
    createChat(spec) {
      const chat = world.createChat(spec);
      if (spec.announce ?? true)
        publish('chat.created', { line: chat.line, chatId: chat.chatId }, (head, version) =>
          chatCreatedPayload(head, version, chat),
        );
      return chat;
    },
    updateChat(chatId, { service, health }) {
      const chat = world.chat(chatId);
      chat.updatedAt = clock.now();
      if (service !== undefined) chat.service = service;
      if (health !== undefined) chat.health = { status: health, updatedAt: chat.updatedAt };
      return chat;
    },
    leaveChat: (chatId) => move(chatId, 'participant.removed'),
    joinChat: (chatId) => move(chatId, 'participant.added'),
    flagLine(number, status, reputation) {
      const line = world.line(number);
      const change = {
        number,
        previousStatus: line.status,
        newStatus: status,
        previousReputation: line.reputation,
        newReputation: reputation ?? line.reputation,
        changedAt: clock.now(),
      };
      line.status = status;
      line.reputation = change.newReputation;
      publish('phone_number.status_updated', { line: number }, (head, version) =>
        lineStatusPayload(head, version, change),
      );
    },
  };
}
