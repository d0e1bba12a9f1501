import { createHmac, randomBytes } from 'node:crypto';

const PREFIX = 'whsec_';

export interface DeliveryToSign {
  /** `whsec_` and the base64 of the key, as Linq issues it. */
  readonly secret: string;
  /** The event's id. */
  readonly webhookId: string;
  /** Unix seconds of sending. */
  readonly timestampSeconds: number;
  /** The exact bytes that will be sent. */
  readonly body: string | Buffer;
  readonly eventType?: string;
  readonly subscriptionId?: string;
}

/**
 * The headers of one delivery, names in lower case: Standard Webhooks (base64, keyed with the decoded secret) and the
 * deprecated `x-webhook-*` (hex, keyed with the whole secret string). Linq sends both on every delivery.
 */
export function signDelivery(delivery: DeliveryToSign): Record<string, string> {
  const { secret, webhookId, body, eventType, subscriptionId } = delivery;
  const timestamp = String(delivery.timestampSeconds);
  const key = Buffer.from(secret.startsWith(PREFIX) ? secret.slice(PREFIX.length) : secret, 'base64');
  const standard = createHmac('sha256', key).update(`${webhookId}.${timestamp}.`).update(body);
  const legacy = createHmac('sha256', secret).update(`${timestamp}.`).update(body);
  return {
    'webhook-id': webhookId,
    'webhook-timestamp': timestamp,
    'webhook-signature': `v1,${standard.digest('base64')}`,
    ...(eventType === undefined ? {} : { 'x-webhook-event': eventType }),
    ...(subscriptionId === undefined ? {} : { 'x-webhook-subscription-id': subscriptionId }),
    'x-webhook-timestamp': timestamp,
    'x-webhook-signature': legacy.digest('hex'),
  };
}

/** A new signing secret in Linq's form: `whsec_` and the base64 of 32 random bytes. */
export function createSigningSecret(key: Buffer = randomBytes(32)): string {
  return PREFIX + key.toString('base64');
}
