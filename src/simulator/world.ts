import type { Clock } from '../clock.ts';
import type { EpochMs } from '../decide/time.ts';
import type { Randomness } from './random.ts';
import { SimulatorError } from './simulator-errors.ts';

/** The simulated Linq's state. Instants are domain time; ids are UUIDs, like Linq's. */

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
  /** Our line's participant in the chat. */
  readonly own: Participant;
  readonly others: readonly Participant[];
  health: { readonly status: string; readonly updatedAt: EpochMs };
  readonly createdAt: EpochMs;
  updatedAt: EpochMs;
  readonly messages: Message[];
}

/**
 * A message's parts: `{type: 'text', value}`, `{type: 'media', …}`, or whatever a test needs; null and
 * `absent` because Linq may send null or omit them.
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
  /** When Linq recovered the message late; null for almost all. */
  readonly reconciledAt: EpochMs | null;
  /** Trace of the API call that caused the message; all events of the message carry it. */
  readonly traceId: string;
}

export interface NewChat {
  /** Default: a new UUID. */
  readonly chatId?: string;
  /** One of the lines added before. */
  readonly line: string;
  /** Default `iMessage`; null: Linq doesn't say which. */
  readonly service?: Service | null;
  readonly isGroup?: boolean;
  /** The other person, E.164 or e-mail. Default: a new invented number. */
  readonly handle?: string;
  /** For a group: the others. Default: two invented numbers. */
  readonly handles?: readonly string[];
  readonly displayName?: string | null;
  /** Emit `chat.created`. Default true. */
  readonly announce?: boolean;
}

/** Lines and chats of the simulated account: what exists, without any event of its own. */
export interface World {
  readonly lines: ReadonlyMap<string, Line>;
  readonly chats: ReadonlyMap<string, Chat>;
  /** In order of creation, except for moved ones; for paging by offset. */
  readonly chatList: readonly Chat[];
  /** Handles of people whose latest word was an opt-out; the mark counts in all their direct chats. */
  readonly optedOut: Set<string>;
  line(number: string): Line;
  chat(chatId: string): Chat;
  addLine(number: string, card: CardState): Line;
  createChat(chat: NewChat): Chat;
  deleteChat(chatId: string): void;
  /** Moves the chat at this index to the front. */
  moveToFront(place: number): void;
}

export const isE164 = (number: string): boolean => /^\+[1-9]\d{5,14}$/.test(number);

/** A card for `setCard`; null for `none`. */
export function createCard(state: CardState): Card | null {
  if (state === 'none') return null;
  return {
    firstName: 'Harbor',
    lastName: 'Bakery',
    imageUrl: 'https://cdn.linqapp.com/contact-card/e89345dd-7190-4feb-8050-e4f8bd5405d5.jpg',
    isActive: state === 'active',
  };
}

/**
 * Invented people: numbers 555-01xx with ever new area codes, then e-mail addresses, so that no two share a
 * handle.
 */
function createPeople(): () => string {
  let count = 0;
  return () => {
    const n = count++;
    const area = 301 + Math.floor(n / 100);
    return area > 999 ? `person-${n}@example.com` : `+1${area}55501${String(n % 100).padStart(2, '0')}`;
  };
}

export function createWorld(clock: Pick<Clock, 'now'>, randomness: Randomness): World {
  const lines = new Map<string, Line>();
  const chats = new Map<string, Chat>();
  const chatList: Chat[] = [];
  const handleIds = new Map<string, string>();
  const nextPerson = createPeople();

  const handleIdOf = (handle: string): string => {
    const handleId = handleIds.get(handle) ?? randomness.uuid('handle');
    handleIds.set(handle, handleId);
    return handleId;
  };
  const participant = (handle: string, isMe: boolean, service: Service): Participant => ({
    handleId: handleIdOf(handle),
    handle,
    service,
    status: 'active',
    joinedAt: clock.now(),
    leftAt: null,
    isMe,
  });
  const line = (number: string): Line => {
    const found = lines.get(number);
    if (found === undefined) throw new SimulatorError(`no line ${number}: add it first (addLine)`);
    return found;
  };

  return {
    lines,
    chats,
    chatList,
    optedOut: new Set(),
    line,
    chat(chatId) {
      const found = chats.get(chatId);
      if (found === undefined) throw new SimulatorError(`no chat ${chatId}: create it first (createChat)`);
      return found;
    },
    addLine(number, card) {
      if (!isE164(number)) throw new SimulatorError(`not an E.164 number: ${number}`);
      if (lines.has(number)) throw new SimulatorError(`line ${number} exists already`);
      const added: Line = {
        lineId: randomness.uuid('line'),
        number,
        forwardingNumber: null,
        card: createCard(card),
        status: 'ACTIVE',
        reputation: 'HEALTHY',
      };
      lines.set(number, added);
      return added;
    },
    createChat(spec) {
      line(spec.line);
      const chatId = spec.chatId ?? randomness.uuid('chat');
      if (chats.has(chatId)) throw new SimulatorError(`chat ${chatId} exists already`);
      const isGroup = spec.isGroup ?? false;
      const service = spec.service === undefined ? 'iMessage' : spec.service;
      const handles =
        spec.handles ??
        (isGroup ? [spec.handle ?? nextPerson(), nextPerson()] : [spec.handle ?? nextPerson()]);
      const others = handles.map((handle) => participant(handle, false, service ?? 'iMessage'));
      const createdAt = clock.now();
      const chat: Chat = {
        chatId,
        line: spec.line,
        displayName: spec.displayName === undefined ? handles.join(', ') : spec.displayName,
        service,
        isGroup,
        own: participant(spec.line, true, service ?? 'iMessage'),
        others,
        health: { status: 'HEALTHY', updatedAt: createdAt },
        createdAt,
        updatedAt: createdAt,
        messages: [],
      };
      chats.set(chatId, chat);
      chatList.push(chat);
      return chat;
    },
    deleteChat(chatId) {
      const index = chatList.findIndex((chat) => chat.chatId === chatId);
      if (index < 0) throw new SimulatorError(`no chat ${chatId}`);
      chatList.splice(index, 1);
      chats.delete(chatId);
    },
    moveToFront: (place) => void chatList.unshift(...chatList.splice(place, 1)),
  };
}
