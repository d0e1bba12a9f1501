/** The operator's rules for sharing, out of the settings. */
export interface Policy {
  /** Elapsed time between two shares of a chat. */
  readonly windowMs: number;
  readonly reshare: 'daily' | 'active' | 'once';
  /** A chat without outbound message for so long is idle; 0: never. */
  readonly idleAfterMs: number;
  /** 0: no limit. */
  readonly maxSharesPerChat: number;
  readonly requireInbound: boolean;
  readonly shareGroups: boolean;
  readonly holdAtRisk: boolean;
  /** Only chats of these lines; null: of all lines. */
  readonly lines: ReadonlySet<string> | null;
  readonly dryRun: boolean;
}

/** Version of the rules in this folder: raise it when a rule changes, and every chat is decided anew at the next start. */
const RULES_VERSION = 1;

/** Equal exactly when two programs would decide alike; stored, so that a start notices changed settings. */
export function policyFingerprint(policy: Policy): string {
  const lines = policy.lines === null ? null : [...policy.lines].sort();
  return JSON.stringify(Object.entries({ ...policy, rules: RULES_VERSION, lines }).sort());
}
