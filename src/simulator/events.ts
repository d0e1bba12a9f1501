import { randomUUID } from 'node:crypto';
import type { Clock } from '../clock.ts';
import type { EventHead, Payload, PayloadVersion } from './envelope.ts';
import { isObject } from './http.ts';
import type { Randomness } from './random.ts';

/** Something happened that subscriptions may want to hear of. */
export interface LinqEvent {
  readonly eventId: string;
  readonly eventType: string;
  /** Null: it is about the account. */
  readonly line: string | null;
  readonly chatId: string | null;
  /** The body in one version, as of the moment of the event: call at once, before the world goes on. */
  readonly build: (version: PayloadVersion) => Payload;
}

/** Emits an event of one type and returns its id; the head (ids, time, account) is made here. */
export type Tell = (
  eventType: string,
  about: { readonly line: string | null; readonly chatId?: string; readonly traceId?: string },
  build: (head: EventHead, version: PayloadVersion) => Payload,
) => string;

export function createTell(
  clock: Pick<Clock, 'now'>,
  randomness: Randomness,
  partnerId: string,
  emit: (event: LinqEvent) => void,
): Tell {
  return (eventType, about, build) => {
    const traceId = about.traceId ?? randomness.trace('trace of event');
    const eventId = randomness.uuid('event');
    const head: EventHead = { eventId, createdAt: clock.now(), traceId, partnerId };
    emit({
      eventId,
      eventType,
      line: about.line,
      chatId: about.chatId ?? null,
      build: (version) => build(head, version),
    });
    return eventId;
  };
}

/** What the headers of a delivery repeat from its body, as far as the body says it. */
export function describeBody(
  body: string,
  newId: () => string = randomUUID,
): { eventId: string; eventType: string; chatId: null } {
  const payload = parseObject(body);
  const { event_id: eventId, event_type: eventType } = payload;
  return {
    eventId: typeof eventId === 'string' ? eventId : newId(),
    eventType: typeof eventType === 'string' ? eventType : 'unknown',
    chatId: null,
  };
}

function parseObject(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : {};
  } catch {
    return {};
  }
}
