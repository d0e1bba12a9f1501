import { ConfigError } from '../errors.ts';

const PREFIX = 'whsec_';
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;
const MIN_BYTES = 24;
const MAX_BYTES = 64;

/**
 * The key bytes of a signing secret as Linq issues it: `whsec_` and base64 (Standard Webhooks).
 * @throws ConfigError for anything but 24 to 64 bytes; the message never carries the value
 */
export function decodeSecret(secret: string): Buffer {
  const encoded = secret.startsWith(PREFIX) ? secret.slice(PREFIX.length) : secret;
  const key = BASE64.test(encoded) ? Buffer.from(encoded, 'base64') : null;
  if (key === null || key.length < MIN_BYTES || key.length > MAX_BYTES) {
    throw new ConfigError(
      `a webhook secret must be ${PREFIX} and ${MIN_BYTES} to ${MAX_BYTES} bytes in base64`,
    );
  }
  return key;
}
