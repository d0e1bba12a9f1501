import type { Clock } from '../clock.ts';
import { accountPayload, type EventHead, envelope, type Payload, type PayloadVersion } from './envelope.ts';
import { SimulatorError } from './errors.ts';
import { isAccountEvent } from './event-types.ts';
import type { Tell } from './events.ts';
import { isObject } from './http.ts';
import type { Chat, Line, Message } from './model.ts';
import {
  chatCreatedPayload,
  lineStatusPayload,
  messageEditedPayload,
  messageFailedPayload,
  messagePayload,
  participantPayload,
} from './payloads.ts';
import { iso } from './resources.ts';
import type { World } from './world.ts';

export interface AnyEvent {
  readonly type: string;
  /** What it is about; the line is that of the chat unless given. */
  readonly chatId?: string;
  readonly line?: string;
  /** Laid over what is sent, field by field. */
  readonly payload?: Readonly<Record<string, unknown>>;
  /** Fields that are left out, as paths: `data.parts`. */
  readonly without?: readonly string[];
}

interface Subject {
  readonly type: string;
  readonly chat: Chat | null;
  readonly line: Line | null;
  readonly at: number;
}

type Build = (head: EventHead, version: PayloadVersion) => Payload;

/** Emits an event of any type about what the account has, without anything happening. Returns the event's id. */
export function createAnyEvent(world: World, clock: Pick<Clock, 'now'>, tell: Tell) {
  return ({ type, chatId, line: number, payload = {}, without = [] }: AnyEvent): string => {
    const chat = chatId === undefined ? null : world.chat(chatId);
    const about = number ?? chat?.line;
    const line = about === undefined ? null : world.line(about);
    const build = builderOf({ type, chat, line, at: clock.now() });
    const subject = { line: line?.number ?? null, ...(chatId === undefined ? {} : { chatId }) };
    return tell(type, subject, (head, version) => {
      const changed = laidOver(build(head, version), payload) as Record<string, unknown>;
      for (const path of without) leaveOut(changed, path.split('.'));
      return changed as unknown as Payload;
    });
  };
}

/** @throws SimulatorError when it is told of nothing that such an event could be about */
function builderOf(subject: Subject): Build {
  const { type, line, at } = subject;
  const chat = (): Chat => subject.chat ?? missing('chatId', type);
  switch (type) {
    case 'message.sent':
    case 'message.delivered':
    case 'message.read':
    case 'message.received': {
      const [of, message] = [chat(), lastMessage(chat(), type)];
      return (head, version) => messagePayload(head, version, type, of, message);
    }
    case 'message.edited': {
      const [of, message] = [chat(), lastMessage(chat(), type)];
      return (head, version) => messageEditedPayload(head, version, of, message, at);
    }
    case 'message.failed': {
      const [of, message] = [chat(), lastMessage(chat(), type)];
      const failure = { code: 4001, reason: 'Delivery failed', failedAt: at, detailCode: 120417 };
      return (head, version) => messageFailedPayload(head, version, of, message, failure);
    }
    case 'chat.created': {
      const of = chat();
      return (head, version) => chatCreatedPayload(head, version, of);
    }
    case 'participant.added':
    case 'participant.removed': {
      const of = chat();
      return (head, version) => participantPayload(head, version, type, of, of.others[0] ?? of.own, at);
    }
    case 'phone_number.status_updated': {
      const { number, status, reputation } = line ?? missing('line', type);
      const change = { number, previousStatus: status, newStatus: status, changedAt: at };
      const reputations = { previousReputation: reputation, newReputation: reputation };
      return (head, version) => lineStatusPayload(head, version, { ...change, ...reputations });
    }
    default:
      return otherEvent(subject);
  }
}

/** The shapes of the others aren't in our sources, but for what all account events have. */
function otherEvent({ type, chat, line, at }: Subject): Build {
  if (type.startsWith('contact_card.') && line === null) missing('line', type);
  const about = {
    ...(chat === null ? {} : { chat_id: chat.chatId }),
    ...(line === null ? {} : { phone_number: line.number }),
  };
  if (isAccountEvent(type))
    return (head, version) => accountPayload(head, version, type, at, 'dashboard', about);
  return (head, version) => envelope(head, version, type, { ...about, occurred_at: iso(at) });
}

function missing(field: 'chatId' | 'line', type: string): never {
  throw new SimulatorError(`${field}: missing; ${type} is about a ${field === 'line' ? 'line' : 'chat'}`);
}

function lastMessage(chat: Chat, type: string): Message {
  const direction = type === 'message.received' ? 'inbound' : 'outbound';
  const found = chat.messages.findLast((message) => message.direction === direction);
  if (found === undefined)
    throw new SimulatorError(`chat ${chat.chatId} has no ${direction} message: ${type} needs one`);
  return found;
}

function laidOver(base: unknown, change: unknown): unknown {
  if (!isObject(base) || !isObject(change)) return structuredClone(change);
  const merged: Record<string, unknown> = { ...base };
  for (const [name, value] of Object.entries(change)) merged[name] = laidOver(base[name], value);
  return merged;
}

/** What isn't there needn't be left out: the two versions of a payload differ. */
function leaveOut(value: Record<string, unknown>, [name = '', ...rest]: readonly string[]): void {
  if (rest.length === 0) {
    delete value[name];
    return;
  }
  const inner = value[name];
  if (!isObject(inner)) return;
  const copy = { ...inner }; // what is shared with the account's own state stays whole
  value[name] = copy;
  leaveOut(copy, rest);
}
