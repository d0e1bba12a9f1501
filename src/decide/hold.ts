import type { EpochMs } from './duration.ts';
import type { LineFacts } from './facts.ts';

/** Why the account (`scope` null) or a line is closed. A hold stays on record after `until`, since `step` counts on. */
export interface Hold {
  readonly scope: string | null;
  readonly reason: HoldReason;
  readonly since: EpochMs;
  /** When it ends or is probed; null: when an operator ends it. */
  readonly until: EpochMs | null;
  /** How often it was prolonged: the wait doubles with it. */
  readonly step: number;
}

export type AccountHoldReason =
  | 'paused'
  | 'api_key_rejected'
  | 'feature_disabled'
  | 'rate_limited'
  | 'api_unavailable';
export type LineHoldReason = 'line_not_ours' | 'line_flagged' | 'line_paused';
export type HoldReason = AccountHoldReason | LineHoldReason;

export type CardState = 'active' | 'inactive' | 'missing' | 'unknown';

/** One of our lines. `clearedAt`: flags that Linq raised up to then don't hold it any more (a share worked, or an operator said so). */
export interface Line extends LineFacts {
  readonly line: string;
  readonly card: CardState;
  readonly cardCheckedAt: EpochMs | null;
  readonly clearedAt: EpochMs | null;
}
