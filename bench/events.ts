import type { ChatEvent } from '../src/decide/event.ts';
import { idOf } from './deliveries.ts';
import { LINES } from './settings.ts';

/** First outbound messages of as many chats, over all lines. @param name makes their ids differ from other calls' */
export function outboundEvents(count: number, name: string, at: number): ChatEvent[] {
  return Array.from({ length: count }, (_, n) => ({
    kind: 'chat',
    chatId: idOf(`${name} ${n}`),
    outbound: { at, line: LINES[n % LINES.length] ?? null, service: 'iMessage', isGroup: false },
    inbound: null,
    health: { status: 'HEALTHY', at },
    leftAt: null,
    joinedAt: null,
  }));
}
