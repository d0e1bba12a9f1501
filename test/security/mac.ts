import { createHmac } from 'node:crypto';

/** The MAC of Standard Webhooks in base64, made without the code under test. */
export function macOf(secret: string, prefix: string, body: Buffer): string {
  const key = Buffer.from(secret.slice('whsec_'.length), 'base64');
  return createHmac('sha256', key).update(prefix, 'latin1').update(body).digest('base64');
}

/** The deprecated MAC in hex, keyed with the secret's whole text. */
export function legacyMacOf(secret: string, timestamp: string, body: Buffer): string {
  return createHmac('sha256', secret).update(`${timestamp}.`).update(body).digest('hex');
}
