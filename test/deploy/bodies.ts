import { Buffer } from 'node:buffer';
import { message2026 } from '../helpers/deliver.ts';

const message = message2026();
const withText = (text: string) => JSON.stringify(message2026({ text }));

/** Bodies that somebody who reads, tidies or re-encodes JSON, text or lines would change. */
export const UNUSUAL_BODIES: readonly (readonly [name: string, body: Buffer, status: 202 | 204])[] = [
  [
    'indented, with CR and LF and a tab at the end',
    Buffer.from(`${JSON.stringify(message, null, 2).replaceAll('\n', '\r\n')}\r\n\t`),
    204,
  ],
  [
    'escapes that are not needed',
    Buffer.from(withText('caf\u00e9 / \u{1f44b}').replaceAll('/', '\\/').replace('\u00e9', '\\u00E9')),
    204,
  ],
  ['raw characters of four bytes', Buffer.from(withText('\u{1f44b}\u{1f3fd} \u202e \u2028 \ufeff')), 204],
  ['a lone surrogate, escaped', Buffer.from(withText('X').replace('"X"', '"\\ud83d"')), 204],
  [
    'a key twice, and numbers as nobody writes them',
    Buffer.from(JSON.stringify(message).replace('{', '{"a":1E+2,"a":100.0,"b":-0,')),
    204,
  ],
  [
    'markup and templates',
    Buffer.from(withText('<script>&amp;</script> {{.Host}} {env.HOME} $host %2F')),
    204,
  ],
  ['every byte there is', Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)), 202],
  ['a byte order mark', Buffer.from(`\ufeff${JSON.stringify(message)}`), 204],
];

/** A delivery of exactly so many bytes. */
export function bodyOf(bytes: number): Buffer {
  const rest = bytes - Buffer.byteLength(withText(''));
  return Buffer.from(withText('x'.repeat(rest)));
}
