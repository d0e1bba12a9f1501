import { createHmac, createSecretKey, type KeyObject, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { type EpochMs, SECOND } from '../decide/time.ts';
import { ConfigError, SignatureError } from '../errors.ts';
import { decodeSecret } from './secret.ts';
import { readSignature, type SignatureClaim, type SignatureScheme } from './signature.ts';

export interface VerifierOptions {
  /** As issued (`whsec_…`), newest first; all are accepted. */
  readonly secrets: readonly string[];
  /** How far the signed time may be from ours, either way; whole seconds count, the bound itself is accepted. */
  readonly toleranceMs: number;
  /** Also take the deprecated X-Webhook-* signature, when no Standard Webhooks header is present. */
  readonly acceptLegacySignatures: boolean;
}

export interface Verified {
  /** Null for a legacy signature, which doesn't cover an id. */
  readonly webhookId: string | null;
  /** Which secret signed it; tells when an old one can go. */
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
        "No signature matches the body: check that LINQ_WEBHOOK_SECRET is this subscription's signing secret.",
      );
    }
    refuseStale(claim.signedAtSeconds, now, toleranceSeconds);
    return { webhookId: claim.webhookId, secretIndex, scheme: claim.scheme };
  };
}

/** Tries every candidate with every key and leaves no loop early, so that the time taken tells nothing. */
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
    `Correctly signed, but ${where}; WEBHOOK_TOLERANCE allows ${toleranceSeconds} s. Check this machine's clock.`,
    now - signedAtSeconds * SECOND,
  );
}
