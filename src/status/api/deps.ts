import type { CatchUp } from '../../catch-up/catch-up.ts';
import type { Clock } from '../../clock.ts';
import type { CardState } from '../../decide/holds.ts';
import type { Policy } from '../../decide/policy.ts';
import type { EpochMs } from '../../decide/time.ts';
import type { Dispatcher } from '../../dispatch/dispatcher.ts';
import type { AccessOptions } from '../../http/access.ts';
import type { SeenReplica, Store } from '../../store/store.ts';
import type { Quarantine } from '../../webhook/quarantine.ts';
import type { SeenDelivery, WebhookCounters } from '../../webhook/report.ts';
import type { ProblemWatch } from '../problems/problem-watch.ts';
import type { StoreProbe } from '../problems/store-probe.ts';

export interface AccountLine {
  readonly line: string;
  readonly card: CardState;
}

/** What the status routes read and control. */
export interface StatusDeps extends AccessOptions {
  readonly store: Store;
  readonly dispatcher: Dispatcher;
  readonly clock: Clock;
  readonly policy: Policy;
  readonly showNumbers: boolean;
  readonly catchUp: Pick<CatchUp, 'request' | 'view'>;
  /** The account's lines and their cards as Linq reports them now; null: it can't be asked, or doesn't answer soon. */
  readonly accountLines: () => Promise<readonly AccountLine[] | null>;
  readonly watch: Pick<ProblemWatch, 'check' | 'open'>;
  readonly probeStore: () => Promise<StoreProbe>;
  readonly quarantine: Pick<Quarantine, 'list' | 'replay'>;
  readonly webhookCounters: () => WebhookCounters;
  /** Newest first, since start. */
  readonly deliveries: () => readonly SeenDelivery[];
  readonly version: string;
  readonly startedAt: EpochMs;
  /** Those that share the store, this one included. */
  readonly replicas: () => readonly SeenReplica[];
  readonly isDraining: () => boolean;
}
