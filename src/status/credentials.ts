import { createHash, timingSafeEqual } from 'node:crypto';
import { isIP } from 'node:net';

/** What a client presents to prove that it may look and steer. */
export interface Credentials {
  readonly scheme: 'bearer' | 'basic';
  readonly token: string;
}

/** Reads an `Authorization` header; of Basic the password is the token, whatever the user name. Null: neither scheme. */
export function parseCredentials(header: string): Credentials | null {
  const match = /^(bearer|basic) +([^ ]+) *$/i.exec(header);
  const scheme = match?.[1]?.toLowerCase();
  const value = match?.[2];
  if (value === undefined) return null;
  if (scheme === 'bearer') return { scheme, token: value };
  const pair = Buffer.from(value, 'base64').toString('utf8');
  const colon = pair.indexOf(':');
  return colon === -1 ? null : { scheme: 'basic', token: pair.slice(colon + 1) };
}

/** Compares in a time that tells nothing of where, or by how much in length, two tokens differ. */
export function isSameToken(presented: string, expected: string): boolean {
  return timingSafeEqual(digest(presented), digest(expected));
}

const digest = (text: string) => createHash('sha256').update(text).digest();

/** True for an address from which only programs on this machine can connect. */
export function isLoopback(address: string): boolean {
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, '');
  return isIP(plain) === 4 ? plain.startsWith('127.') : plain === '::1';
}
