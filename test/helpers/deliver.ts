import { createHmac, randomUUID } from 'node:crypto';
import type { Readable } from 'node:stream';
import { request } from 'undici';

export const SECRET = `whsec_${Buffer.from('0123456789abcdef0123456789abcdef').toString('base64')}`;
export const OTHER_SECRET = `whsec_${Buffer.from('another secret of thirty-two byte').toString('base64')}`;

export interface Signing {
  readonly secret?: string;
  readonly webhookId?: string;
  /** When it is sent; the signature carries whole seconds. */
  readonly at: number;
}

/** Standard Webhooks headers over the exact bytes. */
export function sign(body: string | Buffer, signing: Signing): Record<string, string> {
  const { secret = SECRET, webhookId = randomUUID() } = signing;
  const timestamp = String(Math.floor(signing.at / 1000));
  const mac = createHmac('sha256', Buffer.from(secret.replace(/^whsec_/, ''), 'base64'));
  const signature = mac.update(`${webhookId}.${timestamp}.`).update(body).digest('base64');
  return {
    'content-type': 'application/json',
    'webhook-id': webhookId,
    'webhook-timestamp': timestamp,
    'webhook-signature': `v1,${signature}`,
  };
}

/** The deprecated header set: hex, keyed with the whole text of the secret. */
export function signLegacy(body: string | Buffer, { secret = SECRET, at }: Signing): Record<string, string> {
  const timestamp = String(Math.floor(at / 1000));
  const signature = createHmac('sha256', secret).update(`${timestamp}.`).update(body).digest('hex');
  return {
    'content-type': 'application/json',
    'x-webhook-timestamp': timestamp,
    'x-webhook-signature': signature,
  };
}

export interface MessageFields {
  readonly eventType?: string;
  readonly chatId?: string;
  readonly line?: string;
  readonly isOutbound?: boolean;
  readonly service?: string | null;
  readonly isGroup?: boolean | null;
  readonly text?: string;
  readonly sentAt?: number;
  readonly createdAt?: number;
  readonly health?: string;
}

const PERSON = '+12025550142';

/** A message event as of 2026-02-03; the fields a test doesn't care about are filled in. */
export function message2026(fields: MessageFields = {}): Record<string, unknown> {
  const { chatId = randomUUID(), line = '+12025550100', isOutbound = true, isGroup = false } = fields;
  const sentAt = iso(fields.sentAt ?? Date.UTC(2026, 10, 3, 16, 20));
  return envelope('2026-02-03', fields, {
    id: randomUUID(),
    chat: {
      id: chatId,
      is_group: isGroup,
      owner_handle: { handle: line, is_me: true },
      ...(fields.health === undefined
        ? {}
        : { health_status: { status: fields.health, updated_at: sentAt } }),
    },
    direction: isOutbound ? 'outbound' : 'inbound',
    sender_handle: { handle: isOutbound ? line : PERSON, is_me: isOutbound },
    service: fields.service === undefined ? 'iMessage' : fields.service,
    parts: [{ type: 'text', value: fields.text ?? 'Hello' }],
    sent_at: sentAt,
    delivered_at: null,
    read_at: null,
  });
}

/** The same as of 2025-01-01. */
export function message2025(fields: MessageFields = {}): Record<string, unknown> {
  const { chatId = randomUUID(), line = '+12025550100', isOutbound = true, isGroup = false } = fields;
  const handle = isOutbound ? line : PERSON;
  return envelope('2025-01-01', fields, {
    chat_id: chatId,
    from: handle,
    from_handle: { handle, is_me: isOutbound },
    is_from_me: isOutbound,
    is_group: isGroup,
    service: fields.service === undefined ? 'iMessage' : fields.service,
    message: {
      id: randomUUID(),
      parts: [{ type: 'text', value: fields.text ?? 'Hello' }],
      sent_at: iso(fields.sentAt ?? Date.UTC(2026, 10, 3, 16, 20)),
      delivered_at: null,
      read_at: null,
    },
  });
}

function envelope(
  version: string,
  fields: MessageFields,
  data: Record<string, unknown>,
): Record<string, unknown> {
  const createdAt = fields.createdAt ?? (fields.sentAt ?? Date.UTC(2026, 10, 3, 16, 20)) + 500;
  return {
    api_version: 'v3',
    webhook_version: version,
    event_type: fields.eventType ?? (fields.isOutbound === false ? 'message.received' : 'message.sent'),
    event_id: randomUUID(),
    created_at: iso(createdAt),
    trace_id: '0123456789abcdef0123456789abcdef',
    partner_id: 'test',
    data,
  };
}

const iso = (at: number) => new Date(at).toISOString();

export interface Answered {
  readonly status: number;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly body: string;
}

/** Signs an event as sent now and posts it to a running reactor, as Linq does. */
export async function deliver(
  baseUrl: string,
  event: unknown,
  signing: Partial<Signing> = {},
): Promise<Answered> {
  const body = typeof event === 'string' ? event : JSON.stringify(event);
  return post(baseUrl, body, sign(body, { at: Date.now(), ...signing }));
}

/** Posts bytes and headers as they are. */
export async function post(
  baseUrl: string,
  body: string | Buffer | Readable,
  headers: Record<string, string | string[]>,
): Promise<Answered> {
  const answer = await request(`${baseUrl}/webhooks/linq?version=2026-02-03`, {
    method: 'POST',
    headers,
    body,
  });
  return { status: answer.statusCode, headers: answer.headers, body: await answer.body.text() };
}
