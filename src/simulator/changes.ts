import type { Clock } from '../clock.ts';
import { SimulatorError } from './errors.ts';
import type { Tell } from './events.ts';
import type { Chat, LineStatus, Reputation, Service } from './model.ts';
import {
  chatCreatedPayload,
  lineStatusPayload,
  type ParticipantEventType,
  participantPayload,
} from './payloads.ts';
import type { NewChat, World } from './world.ts';

/** Changes of lines and chats; those that Linq announces emit their webhook event. */
export interface Changes {
  /** Emits `chat.created` unless told not to. */
  createChat(chat: NewChat): Chat;
  /** Changes what Linq knows of a chat, silently: it shows in later events and answers. */
  updateChat(chatId: string, change: { service?: Service | null; health?: string }): Chat;
  /** Our line leaves the chat (`participant.removed`): shares are refused with 2013. */
  leaveChat(chatId: string): void;
  /** Our line is added again (`participant.added`). */
  joinChat(chatId: string): void;
  /** `phone_number.status_updated`; the reputation stays unless given. */
  flagLine(line: string, status: LineStatus, reputation?: Reputation): void;
}

export function createChanges(world: World, clock: Pick<Clock, 'now'>, tell: Tell): Changes {
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
    tell(eventType, { line: chat.line, chatId }, (head, version) =>
      participantPayload(head, version, eventType, chat, chat.own, at),
    );
  };

  return {
    createChat(spec) {
      const chat = world.createChat(spec);
      if (spec.announce ?? true)
        tell('chat.created', { line: chat.line, chatId: chat.chatId }, (head, version) =>
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
      tell('phone_number.status_updated', { line: number }, (head, version) =>
        lineStatusPayload(head, version, change),
      );
    },
  };
}
