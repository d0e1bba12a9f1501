import type { Policy } from '../decide/policy.ts';

/** Every setting, validated and frozen. */
export interface Config {
  readonly linq: { readonly apiKey: string; readonly baseUrl: string };
  readonly webhook: {
    /** As issued (`whsec_…`), newest first. */
    readonly secrets: readonly string[];
    readonly toleranceMs: number;
    readonly acceptLegacySignatures: boolean;
    /** Deliveries a minute and address; 0: no limit. */
    readonly rateLimitPerMinute: number;
  };
  readonly server: {
    readonly host: string;
    readonly port: number;
    /** Proxies whose `X-Forwarded-For` is believed. */
    readonly trustProxy: false | readonly string[];
  };
  /** Path of the SQLite file. */
  readonly databasePath: string;
  readonly statusToken: string | null;
  readonly policy: Policy;
  readonly dispatch: {
    readonly concurrency: number;
    /** Starts a second and line; 0: no limit. */
    readonly ratePerLine: number;
    readonly cardTtlMs: number;
  };
  readonly showNumbers: boolean;
  readonly log: { readonly level: string; readonly format: 'json' | 'pretty' };
}
