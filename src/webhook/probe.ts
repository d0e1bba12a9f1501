import { createHmac, randomBytes } from 'node:crypto';

/**
 * The event type with which `doctor` tests whether signed deliveries arrive unchanged. It is verified like any other, but
 * neither stored nor counted: it doesn't show whether Linq reaches us.
 */
export const PROBE_EVENT_TYPE = 'contact_card_reactor.probe';

/** Set in the answer to an authentic probe: proves which process received it. */
export const PROBE_PROOF_HEADER = 'ccr-probe';

/** @returns the proof that only this process can give for a probe with this id */
export type ProveProbe = (webhookId: string) => string;

/**
 * The same probe gets the same proof from the same process, and a different one from any other. The proof reveals
 * nothing: its key is random, lives as long as the process, and has no other use.
 */
export function createProbeProof(): ProveProbe {
  const key = randomBytes(32);
  return (webhookId) => createHmac('sha256', key).update(webhookId).digest('base64url');
}
