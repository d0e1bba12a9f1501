import { promisify } from 'node:util';
import * as zlib from 'node:zlib';
import type { Headers } from './call.ts';

type Decode = (bytes: Buffer, options: { readonly maxOutputLength: number }) => Promise<Buffer>;

const gunzip: Decode = promisify(zlib.gunzip);
const inflate: Decode = promisify(zlib.inflate);
const inflateRaw: Decode = promisify(zlib.inflateRaw);
const ZLIB_METHOD = 8;

const DECODERS: ReadonlyMap<string, Decode> = new Map([
  ['gzip', gunzip],
  ['x-gzip', gunzip],
  ['br', promisify(zlib.brotliDecompress)],
  // some servers leave out the header that belongs to it
  [
    'deflate',
    (bytes, options) => ((bytes[0] ?? 0) % 16 === ZLIB_METHOD ? inflate : inflateRaw)(bytes, options),
  ],
  ['identity', async (bytes) => bytes],
]);

/** Nobody needs more than one. */
const MOST_ENCODINGS = 2;

/**
 * The text of a body, without a byte order mark. We ask for plain bodies, but a proxy may compress them all the same.
 * Null: its encoding is unknown or broken, or the text would be longer than `maxBytes`. Never rejects.
 */
export async function readBody(bytes: Buffer, headers: Headers, maxBytes: number): Promise<string | null> {
  const encodings = namesIn(headers['content-encoding']);
  if (encodings.length > MOST_ENCODINGS) return null;
  let plain = bytes;
  try {
    // the last one was applied last
    for (const name of bytes.length === 0 ? [] : encodings.reverse()) {
      const decode = DECODERS.get(name);
      if (decode === undefined) return null;
      plain = await decode(plain, { maxOutputLength: maxBytes });
    }
  } catch {
    return null;
  }
  return new TextDecoder().decode(plain);
}

function namesIn(header: string | string[] | undefined): string[] {
  const names = [header ?? []].flat().join().toLowerCase().split(',');
  return names.map((name) => name.trim()).filter((name) => name !== '');
}
