import {
  createCipheriv,
  createDecipheriv,
  createSecretKey,
  hkdfSync,
  type KeyObject,
  randomBytes,
} from 'node:crypto';
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
  const cipher = createCipheriv(CIPHER, keyOf(secret), iv, { authTagLength: TAG_BYTES });
  cipher.setAAD(Buffer.of(FORMAT));
  const ciphertext = [cipher.update(raw), cipher.final()];
  return Buffer.concat([Buffer.of(FORMAT), iv, cipher.getAuthTag(), ...ciphertext]);
}

/** The raw body, or null when it wasn't sealed under this secret, or was changed. */
export function openSealed(sealed: Buffer, secret: string): Buffer | null {
  if (sealed.length < HEADER_BYTES || sealed[0] !== FORMAT) return null;
  const iv = sealed.subarray(1, 1 + IV_BYTES);
  const decipher = createDecipheriv(CIPHER, keyOf(secret), iv, { authTagLength: TAG_BYTES });
  decipher.setAAD(Buffer.of(FORMAT));
  decipher.setAuthTag(sealed.subarray(1 + IV_BYTES, HEADER_BYTES));
  try {
    return Buffer.concat([decipher.update(sealed.subarray(HEADER_BYTES)), decipher.final()]);
  } catch {
    return null;
  }
}

/** Deriving one costs as much as sealing 20 kB, and there are as many as there are webhook secrets. */
const KEYS = new Map<string, KeyObject>();

function keyOf(secret: string): KeyObject {
  let key = KEYS.get(secret);
  if (key === undefined) {
    const bytes = hkdfSync('sha256', decodeSecret(secret), '', 'contact-card-reactor quarantine', 32);
    key = createSecretKey(Buffer.from(bytes));
    KEYS.set(secret, key);
  }
  return key;
}
