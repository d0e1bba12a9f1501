import type { IncomingMessage, ServerResponse } from 'node:http';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';

/** A request to an endpoint of the API. */
export interface ApiRequest {
  readonly method: string;
  /** Path below `/v3/`. */
  readonly segments: readonly string[];
  readonly query: URLSearchParams;
  readonly body: Readonly<Record<string, unknown>>;
}

/** A response before serialization: objects become JSON, strings are sent as is. */
export interface Reply {
  readonly status: number;
  readonly body?: object | string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Linq's error code in the body, recorded with share calls. */
  readonly linqCode?: number;
}

const MAX_BODY_BYTES = 1024 * 1024;

/** The request's body is missing, too large or not a JSON object. */
export class BadBody extends Error {}

/** @throws BadBody */
export async function readJsonObject(request: IncomingMessage): Promise<Readonly<Record<string, unknown>>> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    const bytes = Buffer.from(chunk);
    size += bytes.length;
    if (size > MAX_BODY_BYTES) throw new BadBody('the body is larger than 1 MiB');
    chunks.push(bytes);
  }
  const text = Buffer.concat(chunks).toString('utf8');
  if (text === '') return {};
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new BadBody('the body is not JSON');
  }
  if (!isObject(value)) throw new BadBody('the body is not a JSON object');
  return value;
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Splits a request target into decoded path segments and its query. */
export function parseTarget(target: string): { segments: string[]; query: URLSearchParams } {
  const mark = target.indexOf('?');
  const path = mark < 0 ? target : target.slice(0, mark);
  const segments = path.slice(1).split('/').map(decodeSegment);
  return { segments, query: new URLSearchParams(mark < 0 ? '' : target.slice(mark + 1)) };
}

function decodeSegment(segment: string): string {
  if (!segment.includes('%')) return segment;
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

const COMPRESS = { gzip: gzipSync, deflate: deflateSync, br: brotliCompressSync } as const;
const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf]);

/** How a response is corrupted in transit. */
export interface Spoiling {
  readonly headers: Readonly<Record<string, string>>;
  readonly encoding: keyof typeof COMPRESS | null;
  readonly byteOrderMark: boolean;
  /** The connection breaks half-way through. */
  readonly isCut: boolean;
}

const UNSPOILED: Spoiling = { headers: {}, encoding: null, byteOrderMark: false, isCut: false };

/** @param headers sent with every response; the reply's own take precedence */
export function writeReply(
  response: ServerResponse,
  reply: Reply,
  headers: Readonly<Record<string, string>>,
  spoiling: Spoiling = UNSPOILED,
): void {
  const { status, body } = reply;
  const { encoding, byteOrderMark, isCut } = spoiling;
  const type = typeof body === 'string' ? 'text/html' : 'application/json';
  const text = typeof body === 'object' ? JSON.stringify(body) : (body ?? '');
  const plain = Buffer.concat([...(byteOrderMark ? [BYTE_ORDER_MARK] : []), Buffer.from(text)]);
  const hasBody = status !== 204 && body !== undefined;
  const bytes = hasBody && encoding !== null ? COMPRESS[encoding](plain) : plain;
  const all = {
    ...headers,
    ...(hasBody ? { 'Content-Type': type } : {}),
    ...(status === 204 ? {} : { 'Content-Length': String(hasBody ? bytes.length : 0) }),
    ...(hasBody && encoding !== null ? { 'Content-Encoding': encoding } : {}),
    ...reply.headers,
    ...spoiling.headers,
  };
  response.statusCode = status;
  for (const [name, value] of Object.entries(all)) response.setHeader(name, value); // names may be in any case
  if (isCut) {
    response.write(bytes.subarray(0, bytes.length / 2), () => response.destroy());
  } else if (hasBody) response.end(bytes);
  else response.end();
}
