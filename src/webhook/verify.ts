import { createHmac, createSecretKey, type KeyObject, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { faultOfSigningSecret, SECRET_BYTES, SECRET_PREFIX } from '../decide/subscription.ts';
import { type EpochMs, MINUTE, SECOND } from '../decide/time.ts';
import { ConfigError, SignatureError } from '../errors.ts';

export interface VerifierOptions {
  /** As issued (`whsec_…`), newest first; all are accepted. */
  readonly secrets: readonly string[];
  /** How far the signed time may be from ours, either way, in whole seconds; the bound itself is accepted. */
  readonly toleranceMs: number;
  /** Also accept the deprecated X-Webhook-* signature when no Standard Webhooks header is present. */
  readonly acceptLegacySignatures: boolean;
}

export interface Verified {
  /** Null for a legacy signature, which doesn't cover an id. */
  readonly webhookId: string | null;
  /** Which secret signed it; shows when an old one can be removed. */
  readonly secretIndex: number;
  readonly scheme: SignatureScheme;
}

/**
 * Checks that the raw bytes were signed by Linq, recently.
 * @param now the real time, as others on the network see it
 * @throws SignatureError with the fault; `stale` only for a correct signature, so a mismatch wins over it
 */
export type Verify = (
  rawBody: Buffer,
  headers: IncomingHttpHeaders,
  rawHeaders: readonly string[],
  now: EpochMs,
) => Verified;

/** Decodes the keys once. @throws ConfigError without a usable secret */
export function createVerifier(options: VerifierOptions): Verify {
  if (options.secrets.length === 0) throw new ConfigError('at least one webhook secret is needed');
  // Standard Webhooks keys with the decoded secret, the legacy scheme with the secret's own text, prefix included.
  const keys: Record<SignatureScheme, KeyObject[]> = {
    standard: options.secrets.map((secret) => createSecretKey(decodeSecret(secret))),
    legacy: options.secrets.map((secret) => createSecretKey(Buffer.from(secret, 'utf8'))),
  };
  const toleranceSeconds = Math.floor(options.toleranceMs / SECOND);

  return (rawBody, headers, rawHeaders, now) => {
    const claim = readSignature(headers, rawHeaders, options.acceptLegacySignatures);
    const secretIndex = findSigner(keys[claim.scheme], claim, rawBody);
    if (secretIndex === -1) {
      throw new SignatureError(
        'mismatch',
        'No signature matches the body: check that LINQ_WEBHOOK_SECRET is this subscription’s signing secret.',
      );
    }
    refuseStale(claim.signedAtSeconds, now, toleranceSeconds);
    return { webhookId: claim.webhookId, secretIndex, scheme: claim.scheme };
  };
}

/** Tries every candidate with every key and never stops early, so that the time taken reveals nothing. */
function findSigner(keys: readonly KeyObject[], claim: SignatureClaim, rawBody: Buffer): number {
  let found = -1;
  for (const [index, key] of keys.entries()) {
    const expected = createHmac('sha256', key).update(claim.signedPrefix, 'latin1').update(rawBody).digest();
    for (const candidate of claim.candidates) {
      if (timingSafeEqual(candidate, expected) && found === -1) found = index;
    }
  }
  return found;
}

function refuseStale(signedAtSeconds: number, now: EpochMs, toleranceSeconds: number): void {
  const ageSeconds = Math.floor(now / SECOND) - signedAtSeconds;
  if (Math.abs(ageSeconds) <= toleranceSeconds) return;
  const where = ageSeconds > 0 ? `${ageSeconds} s ago` : `${-ageSeconds} s in the future`;
  throw new SignatureError(
    'stale',
    `Correctly signed, but ${where}; WEBHOOK_TOLERANCE allows ${toleranceSeconds} s. Check this machine’s clock.`,
    now - signedAtSeconds * SECOND,
  );
}

export type SignatureScheme = 'standard' | 'legacy';

/** What a delivery's headers claim: well formed, but not yet checked against any key. */
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
/** No dot: the signed text is joined with dots, so an id with one would be ambiguous. */
const WEBHOOK_ID = /^[A-Za-z0-9_-]{1,256}$/;
/** Canonical: no sign, space, leading zero or exponent. Twelve digits reach past the year 30000. */
const UNIX_SECONDS = /^(?:0|[1-9]\d{0,11})$/;
/** Exactly 32 bytes; the last digit's two spare bits are zero, so each MAC has one spelling. */
const BASE64_MAC = /^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$/;
const HEX_MAC = /^(?:sha256=)?([0-9a-fA-F]{64})$/;

/** @throws SignatureError `missing` or `malformed` */
function readSignature(
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

/** Skips versions other than v1, as Standard Webhooks requires, and malformed entries if there is a good one. */
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

/** Node joins repeated headers into one value, so only the raw list shows them. */
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

/**
 * The key bytes of a signing secret as Linq issues it (Standard Webhooks).
 * @throws ConfigError for anything else; the message never contains the value
 */
export function decodeSecret(secret: string): Buffer {
  const fault = faultOfSigningSecret(secret);
  if (fault !== null) {
    const { from, to } = SECRET_BYTES;
    throw new ConfigError(
      `a webhook secret must be ${SECRET_PREFIX} and ${from} to ${to} bytes in base64; this one ${fault}`,
    );
  }
  return Buffer.from(secret.slice(SECRET_PREFIX.length), 'base64');
}

const SPAN_MS = 5 * MINUTE;
/** Stale deliveries in one direction that show a wrong clock. */
const STALE_LIMIT = 3;
const MAX_DATE_OFF_MS = 60 * SECOND;

/**
 * Distinguishes a wrong local clock from a replay: with a wrong clock, many different deliveries are stale,
 * all in one direction.
 */
export interface StalenessTracker {
  /**
   * A correctly signed but stale delivery.
   * @param delivery identifies it, so that a repeated one counts once
   * @param skewMs our time minus the signed time
   * @param now milliseconds on a clock that never steps
   */
  note(delivery: string, skewMs: number, now: number): void;
  /** Three different deliveries within five minutes were stale in one direction, and none in the other. */
  isOneSided(now: number): boolean;
}

/** Keeps the last three of each direction. */
export function createStalenessTracker(): StalenessTracker {
  let past: Noted[] = [];
  let future: Noted[] = [];
  const isFull = (noted: readonly Noted[], now: number) =>
    noted.length === STALE_LIMIT && noted.every(({ at }) => now - at <= SPAN_MS);
  const isQuiet = (noted: readonly Noted[], now: number) => noted.every(({ at }) => now - at > SPAN_MS);
  return {
    note(delivery, skewMs, now) {
      if (skewMs > 0) past = append(past, { delivery, at: now });
      else future = append(future, { delivery, at: now });
    },
    isOneSided: (now) =>
      (isFull(past, now) && isQuiet(future, now)) || (isFull(future, now) && isQuiet(past, now)),
  };
}

interface Noted {
  readonly delivery: string;
  readonly at: number;
}

function append(noted: readonly Noted[], latest: Noted): Noted[] {
  return [...noted.filter(({ delivery }) => delivery !== latest.delivery), latest].slice(-STALE_LIMIT);
}

/**
 * Whether our own clock is wrong, so that stale deliveries must be sent again rather than lost.
 * @param linqDateOffMs how far the `Date` of Linq's last answer is from our clock; null before the first
 *   answer
 */
export function isClockSuspect(isOneSided: boolean, linqDateOffMs: number | null): boolean {
  return isOneSided && linqDateOffMs !== null && Math.abs(linqDateOffMs) > MAX_DATE_OFF_MS;
}
