import { createHmac, randomBytes } from 'node:crypto';

/**
 * Type of the event by which `doctor` finds out whether signed deliveries arrive unharmed. It is verified like any other
 * and leaves no trace: nothing is stored, and it isn't counted, since it says nothing of whether Linq reaches us.
 */
export const PROBE_EVENT_TYPE = 'contact_card_reactor.probe';

/** In the answer to an authentic probe: proves which process took it. */
export const PROBE_PROOF_HEADER = 'ccr-probe';

/** @returns what this process alone answers to a probe of this id */
export type ProveProbe = (webhookId: string) => string;

/**
 * The same probe gets the same proof from the same process, and another one from any other. Nothing can be learnt from
 * it: the key is random, lives as long as the process, and is used for nothing else.
 */
export function createProbeProof(): ProveProbe {
  const key = randomBytes(32);
  return (webhookId) => createHmac('sha256', key).update(webhookId).digest('base64url');
}
