import { randomUUID } from 'node:crypto';
import { type EpochMs, SECOND } from '../../decide/time.ts';
import { signDelivery } from '../../simulator/sign.ts';
import { PROBE_EVENT_TYPE } from '../../webhook/probe.ts';

/** A signed test delivery, ready to send. */
export interface TestDelivery {
  readonly body: Buffer;
  readonly headers: Readonly<Record<string, string>>;
}

export type DeliveryForm = 'plain' | 'odd' | 'large';

/** The service accepts 1 MiB; everything besides the padding is small. */
const LARGE_BYTES = 1024 * 1024 - 2048;

const BODIES: Readonly<Record<DeliveryForm, (eventId: string) => string>> = {
  plain: (eventId) =>
    JSON.stringify({ api_version: 'v3', event_type: PROBE_EVENT_TYPE, event_id: eventId, data: {} }),
  // Every parser reads it, and no two serialize it like this: spaces, tabs, both line breaks, unsorted keys,
  // needless escapes, non-ASCII letters raw and escaped, odd number formats, characters that filters dislike.
  odd: (eventId) =>
    `{ "data" :\t{"z":1.0,"a" : "\\u00e9 \\ud83d\\ude00 é 😀 \\/ <b>&amp;\\u003c", "n":1E2 ,"list":[ ]}\r\n,` +
    `"event_type":"${PROBE_EVENT_TYPE}" ,\n  "event_id":"${eventId}","api_version":"v3" }\n`,
  large: (eventId) =>
    JSON.stringify({
      event_type: PROBE_EVENT_TYPE,
      event_id: eventId,
      data: { padding: 'x'.repeat(LARGE_BYTES) },
    }),
};

/**
 * Signed only with Standard Webhooks, although Linq adds the deprecated signature: with both, a service that
 * accepts the deprecated one would hide that the other doesn't arrive. @param at the real time
 */
export function createTestDelivery(form: DeliveryForm, secret: string, at: EpochMs): TestDelivery {
  const webhookId = randomUUID();
  const body = Buffer.from(BODIES[form](webhookId));
  const timestampSeconds = Math.floor(at / SECOND);
  const signed = Object.entries(signDelivery({ secret, webhookId, timestampSeconds, body }));
  const headers = Object.fromEntries(signed.filter(([name]) => name.startsWith('webhook-')));
  return { body, headers: { 'content-type': 'application/json', ...headers } };
}
