import type { IncomingHttpHeaders } from 'node:http';
import { SignatureError } from '../errors.ts';

export type SignatureScheme = 'standard' | 'legacy';

/** What a delivery's headers claim, well formed but not yet checked against any key. */
export interface SignatureClaim {
  readonly scheme: SignatureScheme;
  /** Standard Webhooks only: the legacy scheme has no id under its signature. */
  readonly webhookId: string | null;
  readonly signedAtSeconds: number;
  /** The signed text is this, followed by the raw body. */
  readonly signedPrefix: string;
  /** MACs of 32 bytes, at least one. */
  readonly candidates: readonly Buffer[];
}

const ID = 'webhook-id';
const TIMESTAMP = 'webhook-timestamp';
const SIGNATURE = 'webhook-signature';
const LEGACY_TIMESTAMP = 'x-webhook-timestamp';
const LEGACY_SIGNATURE = 'x-webhook-signature';
const STANDARD = [ID, TIMESTAMP, SIGNATURE] as const;
const LEGACY = [LEGACY_TIMESTAMP, LEGACY_SIGNATURE] as const;

const MAX_HEADER_LENGTH = 4096;
const MAX_SIGNATURES = 16;
/** No dot: the signed text is joined with dots, so an id with one could be read in two ways. */
const WEBHOOK_ID = /^[A-Za-z0-9_-]{1,256}$/;
/** Canonical: no sign, space, leading zero or exponent. Twelve digits reach past the year 30000. */
const UNIX_SECONDS = /^(?:0|[1-9]\d{0,11})$/;
/** Exactly 32 bytes; the last digit's two spare bits are zero, so each MAC has one spelling. */
const BASE64_MAC = /^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$/;
const HEX_MAC = /^(?:sha256=)?([0-9a-fA-F]{64})$/;

/** @throws SignatureError `missing` or `malformed` */
export function readSignature(
  headers: IncomingHttpHeaders,
  rawHeaders: readonly string[],
  acceptLegacy: boolean,
): SignatureClaim {
  if (STANDARD.some((name) => headers[name] !== undefined)) return readStandard(headers, rawHeaders);
  const hasLegacy = LEGACY.some((name) => headers[name] !== undefined);
  if (hasLegacy && acceptLegacy) return readLegacy(headers, rawHeaders);
  const hint = hasLegacy
    ? ' Only a legacy X-Webhook-* signature is present: ACCEPT_LEGACY_SIGNATURES=true accepts it.'
    : '';
  throw new SignatureError('missing', `The headers ${STANDARD.join(', ')} are missing.${hint}`);
}

/** The id in the headers, for a log line about a refused delivery; null unless well formed. */
export function claimedWebhookId(headers: IncomingHttpHeaders): string | null {
  const id = headers[ID];
  return typeof id === 'string' && WEBHOOK_ID.test(id) ? id : null;
}

function readStandard(headers: IncomingHttpHeaders, rawHeaders: readonly string[]): SignatureClaim {
  refuseRepeats(rawHeaders, STANDARD);
  const id = readHeader(headers, ID);
  const timestamp = readHeader(headers, TIMESTAMP);
  const signature = readHeader(headers, SIGNATURE);
  if (!WEBHOOK_ID.test(id)) throw malformed(`${ID} must be 1 to 256 of A-Z a-z 0-9 _ -`);
  return {
    scheme: 'standard',
    webhookId: id,
    signedAtSeconds: readSeconds(TIMESTAMP, timestamp),
    signedPrefix: `${id}.${timestamp}.`,
    candidates: readCandidates(signature),
  };
}

function readLegacy(headers: IncomingHttpHeaders, rawHeaders: readonly string[]): SignatureClaim {
  refuseRepeats(rawHeaders, LEGACY);
  const timestamp = readHeader(headers, LEGACY_TIMESTAMP);
  const hex = HEX_MAC.exec(readHeader(headers, LEGACY_SIGNATURE))?.[1];
  if (hex === undefined) throw malformed(`${LEGACY_SIGNATURE} must be 64 hexadecimal digits`);
  return {
    scheme: 'legacy',
    webhookId: null,
    signedAtSeconds: readSeconds(LEGACY_TIMESTAMP, timestamp),
    signedPrefix: `${timestamp}.`,
    candidates: [Buffer.from(hex, 'hex')],
  };
}

function readHeader(headers: IncomingHttpHeaders, name: string): string {
  const value = headers[name];
  if (value === undefined || value === '')
    throw new SignatureError('missing', `The header ${name} is missing.`);
  if (typeof value !== 'string' || value.length > MAX_HEADER_LENGTH) {
    throw malformed(`${name} must be one value of at most ${MAX_HEADER_LENGTH} bytes`);
  }
  return value;
}

function readSeconds(name: string, value: string): number {
  if (!UNIX_SECONDS.test(value)) throw malformed(`${name} must be unix seconds in plain digits`);
  return Number(value);
}

/** Entries of other versions than v1 are skipped, as Standard Webhooks asks, and so are broken ones beside a good one. */
function readCandidates(value: string): Buffer[] {
  const entries = value.split(' ');
  if (entries.length > MAX_SIGNATURES)
    throw malformed(`${SIGNATURE} must hold at most ${MAX_SIGNATURES} signatures`);
  const candidates: Buffer[] = [];
  for (const entry of entries) {
    const mac = entry.startsWith('v1,') ? entry.slice(3) : '';
    if (BASE64_MAC.test(mac)) candidates.push(Buffer.from(mac, 'base64'));
  }
  if (candidates.length === 0) throw malformed(`${SIGNATURE} must hold "v1," and the base64 of 32 bytes`);
  return candidates;
}

/** Node joins repeated headers into one value, so only the raw list tells. */
function refuseRepeats(rawHeaders: readonly string[], names: readonly string[]): void {
  const seen = new Set<string>();
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const length = rawHeaders[i]?.length ?? 0;
    if (!names.some((name) => name.length === length)) continue;
    const name = rawHeaders[i]?.toLowerCase() ?? '';
    if (!names.includes(name)) continue;
    if (seen.has(name)) throw malformed(`${name} must be sent once`);
    seen.add(name);
  }
}

function malformed(what: string): SignatureError {
  return new SignatureError('malformed', `Malformed signature: ${what}.`);
}
