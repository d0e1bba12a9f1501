import type { FastifyBaseLogger } from 'fastify';
import type { Clock } from './clock.ts';
import type { Config } from './config/config.ts';
import type { Dispatcher } from './dispatch/dispatcher.ts';
import type { LinqClient } from './linq/client.ts';
import type { Store } from './store/store.ts';

export interface BackgroundOptions {
  readonly config: Config;
  readonly store: Store;
  readonly linq: LinqClient;
  readonly dispatcher: Dispatcher;
  readonly clock: Clock;
  readonly log: FastifyBaseLogger;
  /** The heartbeat of the process before; null: the first start of all. */
  readonly lastHeartbeatAt: number | null;
}

/** What goes on beside deliveries and shares. */
export interface Background {
  /** Returns at once; the work goes on by itself. */
  start(): void;
  /** Ends what is under way, at a point where it can go on after a restart. Never rejects. */
  stop(): Promise<void>;
  /** A correctly signed delivery was stale: others may have been lost. */
  onStale(): void;
}

/** Wires the upkeep: catching up, backups, pruning, watching for problems. */
export function createBackground(_options: BackgroundOptions): Background {
  return {
    start() {},
    async stop() {},
    onStale() {},
  };
}
