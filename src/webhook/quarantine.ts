import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { decodeSecret } from './secret.ts';

const FORMAT = 1;
const IV_BYTES = 12;
const TAG_BYTES = 16;
const HEADER_BYTES = 1 + IV_BYTES + TAG_BYTES;
const CIPHER = 'aes-256-gcm';

/**
 * Encrypts a delivery's raw body under a key derived (HKDF-SHA256) from the webhook secret that verified it: whoever
 * has the database but not the secret can't read it. Layout: format byte, IV, tag, ciphertext.
 */
export function sealDelivery(raw: Buffer, secret: string): Buffer {
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv(CIPHER, deriveKey(secret), iv, { authTagLength: TAG_BYTES });
  cipher.setAAD(Buffer.of(FORMAT));
  const ciphertext = Buffer.concat([cipher.update(raw), cipher.final()]);
  return Buffer.concat([Buffer.of(FORMAT), iv, cipher.getAuthTag(), ciphertext]);
}

/** The raw body, or null when it wasn't sealed under this secret, or was changed. */
export function openSealed(sealed: Buffer, secret: string): Buffer | null {
  if (sealed.length < HEADER_BYTES || sealed[0] !== FORMAT) return null;
  const iv = sealed.subarray(1, 1 + IV_BYTES);
  const decipher = createDecipheriv(CIPHER, deriveKey(secret), iv, { authTagLength: TAG_BYTES });
  decipher.setAAD(Buffer.of(FORMAT));
  decipher.setAuthTag(sealed.subarray(1 + IV_BYTES, HEADER_BYTES));
  try {
    return Buffer.concat([decipher.update(sealed.subarray(HEADER_BYTES)), decipher.final()]);
  } catch {
    return null;
  }
}

function deriveKey(secret: string): Buffer {
  return Buffer.from(hkdfSync('sha256', decodeSecret(secret), '', 'contact-card-reactor quarantine', 32));
}
