/** The operator's sharing rules, from the settings. */
export interface Policy {
  /** Minimum time between two shares of a chat. */
  readonly windowMs: number;
  readonly reshare: 'daily' | 'active' | 'once';
  /** A chat without an outbound message for this long is idle; 0: never. */
  readonly idleAfterMs: number;
  /** 0: no limit. */
  readonly maxSharesPerChat: number;
  /** A changed card is shared once more, whatever `reshare` and `maxSharesPerChat` say. */
  readonly reshareOnCardChange: boolean;
  readonly requireInbound: boolean;
  readonly shareGroups: boolean;
  readonly holdAtRisk: boolean;
  /** Only chats of these lines; null: of all lines. */
  readonly lines: ReadonlySet<string> | null;
  readonly dryRun: boolean;
}

/**
 * Version of the rules in this folder: raise it when a rule changes, so that the next start re-evaluates
 * every chat.
 */
const RULES_VERSION = 1;

/** Equal if and only if two processes would decide alike; stored so that a start notices changed settings. */
export function policyFingerprint(policy: Policy): string {
  const lines = policy.lines === null ? null : [...policy.lines].sort();
  return JSON.stringify(Object.entries({ ...policy, rules: RULES_VERSION, lines }).sort());
}
