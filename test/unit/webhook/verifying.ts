import { SignatureError } from '../../../src/errors.ts';
import { createVerifier, type Verify } from '../../../src/webhook/verify.ts';
import { SECRET } from '../../helpers/deliver.ts';

export const NOW = Date.UTC(2026, 10, 3, 16, 20, 5);
export const TOLERANCE_MS = 300_000;
export const body = Buffer.from('{"event_type":"message.sent","text":"\u{1F44B} \\u00e9"}');

export const verifier = (secrets: string[] = [SECRET], acceptLegacySignatures = false) =>
  createVerifier({ secrets, toleranceMs: TOLERANCE_MS, acceptLegacySignatures });

/** As Node's HTTP server would hand them over. */
export const rawOf = (headers: Record<string, string>) => Object.entries(headers).flat();

/** The verifier's verdict: `accepted` or the fault. */
export function faultOf(
  verify: Verify,
  headers: Record<string, string>,
  { now = NOW, raw = rawOf(headers), bytes = body } = {},
) {
  try {
    verify(bytes, headers, raw, now);
    return 'accepted';
  } catch (error) {
    if (!(error instanceof SignatureError)) throw error;
    return error.fault;
  }
}
