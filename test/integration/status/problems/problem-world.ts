import type { LinqAnswer } from '../../../../src/decide/outcome.ts';
import type { ProblemCode } from '../../../../src/status/problems/problem-words.ts';
import type { AlertState, SubscriptionState } from '../../../../src/status/problems/problems.ts';
import type { StoreProbe } from '../../../../src/status/problems/store-probe.ts';
import type { Given, startStatus } from '../harness.ts';

/** What a case turns: Linq, the surroundings, and the parts that look at them. */
export interface World {
  readonly status: Awaited<ReturnType<typeof startStatus>>;
  /** What Linq answers to share calls. */
  answer: LinqAnswer | 'none';
  readonly cards: string[];
  readonly inactive: string[];
  probe: StoreProbe | null;
  subscription: SubscriptionState;
  alerts: AlertState;
  /** The settings of the replicas that share the store. */
  settings: readonly string[];
  isBackupFailing: boolean;
  /** Lets time pass with everybody awake. */
  pass(ms: number): Promise<void>;
}

export interface Case {
  readonly code: ProblemCode;
  readonly given?: Given;
  readonly provoke: (world: World) => Promise<unknown> | unknown;
  /** What the remedy's words say, done. */
  readonly remedy: (world: World) => Promise<unknown> | unknown;
}
