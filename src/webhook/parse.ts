import { PayloadError } from '../errors.ts';
import {
  ignoreUnreadable,
  type JsonObject,
  neededObject,
  type OnUnreadable,
  optionalInstant,
  optionalWord,
} from '../payload.ts';
import { type Disposition, dispositionOf } from './events.ts';
import { parseJson } from './json.ts';
import { readEdit, readMessage } from './message-event.ts';
import { readCardChange, readChatCreated, readLineStatus, readParticipant } from './other-events.ts';
import type { Envelope, Reading } from './reading.ts';

export type ParsedDelivery = Reading & {
  readonly eventType: string;
  /** Null when the envelope has none that is usable; no fact depends on it. */
  readonly eventId: string | null;
};

const EVENT_TYPE = /^[\w.:-]{1,128}$/;
const EVENT_ID = /^[\x21-\x7e]{1,128}$/;

type Kind = Extract<Disposition, { read: unknown }>['read'];

const READERS: Readonly<Record<Kind, (envelope: Envelope) => Reading>> = {
  message: readMessage,
  edit: readEdit,
  chat: readChatCreated,
  participant: readParticipant,
  line: readLineStatus,
  card: readCardChange,
};

/**
 * Reads a verified delivery of either payload version. Types that we don't handle are ignored whatever they hold. Needed of the
 * others are a chat (or a line), who sent a message, and one time; what else can't be read says nothing.
 * @throws PayloadError naming the needed field that couldn't be read, never its value, and the event type if it could
 */
export function parseDelivery(raw: Buffer, onUnreadable: OnUnreadable = ignoreUnreadable): ParsedDelivery {
  const body = parseJson(raw);
  const { event_type: eventType, event_id: id } = body;
  if (typeof eventType !== 'string' || !EVENT_TYPE.test(eventType)) {
    throw new PayloadError('event_type: expected a name like message.sent');
  }
  const eventId = typeof id === 'string' && EVENT_ID.test(id) ? id : null;
  const disposition = dispositionOf(eventType);
  if ('ignore' in disposition) return { eventType, eventId, kind: 'ignored', reason: disposition.ignore };
  try {
    return { eventType, eventId, ...READERS[disposition.read](openEnvelope(eventType, body, onUnreadable)) };
  } catch (error) {
    throw error instanceof PayloadError ? new PayloadError(error.message, eventType) : error;
  }
}

function openEnvelope(eventType: string, body: JsonObject, onUnreadable: OnUnreadable): Envelope {
  const root = { at: '', value: body, onUnreadable };
  return {
    eventType,
    version: optionalWord(root, 'webhook_version'),
    createdAt: optionalInstant(root, 'created_at'),
    data: neededObject(root, 'data'),
  };
}
