import { createListener } from './api-server.ts';
import { createControl } from './control.ts';
import { routes } from './control-routes.ts';
import { type Account, type AccountOptions, createAccount } from './linq-account.ts';

export interface SimulatorOptions extends AccountOptions {
  /** The only API key that is accepted. */
  readonly apiKey: string;
  /** Default: any free one. */
  readonly port?: number;
}

/** A Linq on loopback: an account, its API and its signed webhooks. */
export interface Simulator extends Account {
  /** For `LINQ_API_BASE_URL`. @throws SimulatorError before `start` */
  readonly baseUrl: string;
  /** Listens; resolves to `baseUrl`. After a `stop` it keeps the same port and account. */
  start(): Promise<string>;
  /** Resets all connections and cancels deliveries in progress. */
  stop(): Promise<void>;
}

export function createSimulator(options: SimulatorOptions): Simulator {
  const { clock, apiKey, port = 0 } = options;
  const { account, served, cancelDeliveries } = createAccount(options);
  const control = createControl(routes, account, () => listener.baseUrl());
  const listener = createListener(port, { clock, apiKey, control, ...served });
  return {
    ...account,
    get baseUrl() {
      return listener.baseUrl();
    },
    start: listener.start,
    async stop() {
      await listener.stop();
      await cancelDeliveries();
    },
  };
}
