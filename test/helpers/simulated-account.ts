import { onTestFinished } from 'vitest';
import { createSystemClock } from '../../src/clock.ts';
import { createSimulator, type Simulator, type SimulatorOptions } from '../../src/simulator/simulator.ts';
import type { Settings } from './process.ts';

export const ACCOUNT_KEY = 'linq-key-of-this-account';

/** A webhook subscription as Linq shows it. */
export interface ShownSubscription {
  readonly id: string;
  readonly target_url: string;
  readonly subscribed_events: readonly string[];
  readonly phone_numbers: readonly string[] | null;
  readonly is_active: boolean;
}

export interface SimulatedAccount {
  readonly simulator: Simulator;
  /** So that a process speaks to this Linq. */
  readonly settings: Settings;
  readonly subscriptions: () => Promise<readonly ShownSubscription[]>;
  /** Any call of Linq's API; resolves to its answer's body. */
  readonly call: (method: string, path: string, body?: unknown) => Promise<unknown>;
}

/** A Linq on loopback with one account, stopped when the test has finished. */
export async function startAccount(options: Partial<SimulatorOptions> = {}): Promise<SimulatedAccount> {
  const clock = createSystemClock();
  const simulator = createSimulator({ clock, apiKey: ACCOUNT_KEY, lines: ['+12025550100'], ...options });
  const baseUrl = await simulator.start();
  onTestFinished(() => simulator.stop());
  const call = async (method: string, path: string, body?: unknown): Promise<unknown> => {
    const response = await fetch(`${baseUrl}/v3/${path}`, {
      method,
      headers: { authorization: `Bearer ${ACCOUNT_KEY}` },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return text === '' ? null : JSON.parse(text);
  };
  return {
    simulator,
    settings: { LINQ_API_BASE_URL: baseUrl },
    subscriptions: async () => {
      const listed = (await call('GET', 'webhook-subscriptions')) as { subscriptions: ShownSubscription[] };
      return listed.subscriptions;
    },
    call,
  };
}
