import type { ChatEvent } from '../decide/event.ts';
import type { EpochMs } from '../decide/time.ts';
import type { ChatToRead, ReadMessage } from './ports.ts';

/**
 * What was read of a chat, as events. There is no envelope that bounds their times, so that a time later than `now`
 * counts as `now`; so does a health without a time: it is what it is at the time of reading.
 */
export function eventsOf(chat: ChatToRead, messages: readonly ReadMessage[], now: EpochMs): ChatEvent[] {
  const { chatId, health } = chat;
  const nothing = { kind: 'chat', chatId, outbound: null, inbound: null, health: null } as const;
  const base: ChatEvent = { ...nothing, leftAt: null, joinedAt: null };
  const told = messages.map((message): ChatEvent => {
    const at = Math.min(message.at, now);
    if (message.kind === 'inbound') {
      // in a group it would be the wish of one among many
      return { ...base, inbound: { at, isOptOut: chat.isGroup === true ? false : message.isOptOutWord } };
    }
    const { service } = message;
    const line = chat.line ?? message.line;
    return { ...base, outbound: { at, line, service, isGroup: chat.isGroup } };
  });
  if (health === null) return told;
  return [...told, { ...base, health: { status: health.status, at: Math.min(health.at ?? now, now) } }];
}
