import type { Policy } from '../src/decide/policy.ts';

/** The default settings, as every measured process uses them. */
export const POLICY: Policy = {
  windowMs: 24 * 60 * 60 * 1000,
  reshare: 'daily',
  idleAfterMs: 7 * 24 * 60 * 60 * 1000,
  maxSharesPerChat: 0,
  reshareOnCardChange: false,
  requireInbound: false,
  shareGroups: true,
  holdAtRisk: false,
  lines: null,
  dryRun: false,
};

/** Signs and verifies the deliveries of a run. */
export const SECRET = `whsec_${Buffer.from('a benchmark secret of 32 bytes !').toString('base64')}`;
export const API_KEY = 'bench-api-key';

/** Deliveries are signed before the clock starts; they must not grow stale while other sides are measured. */
export const TOLERANCE_MS = 24 * 60 * 60 * 1000;

export const CONNECTIONS = 64;
/** The default of `SHARE_CONCURRENCY`. */
export const CONCURRENCY = 16;

/** Our lines, of the numbers that are reserved for fiction. */
export const LINES: readonly string[] = Array.from({ length: 8 }, (_, n) => `+1202555010${n}`);
