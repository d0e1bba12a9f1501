import type { EpochMs } from '../decide/duration.ts';
import { isOptOutWord } from '../decide/opt-out.ts';
import { spellService } from '../decide/service.ts';
import { asCursor, asInstant, asObject, asShortText, asString, parseJson } from './json.ts';

/** What one message proves, in the terms of its own time. Its text is read here once and kept nowhere. */
export type MessageRead =
  | {
      readonly kind: 'outbound';
      readonly at: EpochMs;
      readonly line: string | null;
      /** `iMessage`, `SMS`, `RCS`, or an unknown value as it came; null: not told. */
      readonly service: string | null;
    }
  | {
      readonly kind: 'inbound';
      readonly at: EpochMs;
      /** The whole message is an opt-out word, which counts in a direct chat only. */
      readonly isOptOutWord: boolean;
    };

export interface MessagesPage {
  /** Only those that prove something: not what is queued or failed, without a time, or contradicts itself. */
  readonly messages: readonly MessageRead[];
  readonly nextCursor: string | null;
}

/** The body of `GET /v3/chats/{id}/messages`; null when it isn't a list of messages. */
export function readMessages(body: string | null): MessagesPage | null {
  const root = asObject(parseJson(body));
  if (root === null || !Array.isArray(root.messages)) return null;
  const messages = root.messages.flatMap((value) => {
    const message = asObject(value);
    const read = message === null ? null : readMessage(message);
    return read === null ? [] : [read];
  });
  return { messages, nextCursor: asCursor(root.next_cursor) };
}

type Json = Readonly<Record<string, unknown>>;

function readMessage(message: Json): MessageRead | null {
  const { is_from_me: isFromMe } = message;
  const at = readTime(message);
  const parts = message.parts ?? null;
  const from = asObject(message.from_handle);
  const isConflict = typeof from?.is_me === 'boolean' && from.is_me !== isFromMe;
  if (typeof isFromMe !== 'boolean' || at === null || !isListOrNull(parts) || isConflict) return null;
  if (!isFromMe) return readInbound(at, parts ?? []);
  if (parts?.length === 0 || !wasSent(message)) return null;
  const service = asShortText(message.service);
  return {
    kind: 'outbound',
    at,
    line: asShortText(from?.handle) ?? asShortText(message.from),
    service: service === null ? null : spellService(service),
  };
}

/** Parts may be left out: then nobody says that there are none. */
function isListOrNull(parts: unknown): parts is readonly unknown[] | null {
  return parts === null || Array.isArray(parts);
}

/** The message's own time: sent, else delivered, else read. */
function readTime(message: Json): EpochMs | null {
  return asInstant(message.sent_at) ?? asInstant(message.delivered_at) ?? asInstant(message.read_at);
}

const SENT: readonly string[] = ['sent', 'delivered', 'read'];

/** Older answers have no `delivery_status`; a message of theirs with a time was sent. */
function wasSent(message: Json): boolean {
  const status = asString(message.delivery_status);
  return status === null || SENT.includes(status.toLowerCase());
}

/** Null for parts of a shape that we don't know: they might say stop. */
function readInbound(at: EpochMs, parts: readonly unknown[]): MessageRead | null {
  let text = '';
  for (const value of parts) {
    const part = asObject(value);
    const type = asString(part?.type);
    if (type === null) return null;
    if (type !== 'text') return { kind: 'inbound', at, isOptOutWord: false };
    const words = part?.value ?? '';
    if (typeof words !== 'string') return null;
    text += words;
  }
  return { kind: 'inbound', at, isOptOutWord: isOptOutWord(text) };
}
