import type { Policy } from '../decide/policy.ts';
import type { Proxies } from './network-kinds.ts';

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
  /** For calls to Linq and for alerts. */
  readonly proxies: Proxies;
  readonly server: {
    readonly host: string;
    readonly port: number;
    /** Proxies whose `X-Forwarded-For` is believed. */
    readonly trustProxy: false | readonly string[];
  };
  /** Path of the SQLite file. */
  readonly databasePath: string;
  readonly statusToken: string | null;
  /** Opens the metrics and nothing else. */
  readonly metricsToken: string | null;
  readonly policy: Policy;
  readonly dispatch: {
    readonly concurrency: number;
    /** Starts a second and line; 0: no limit. */
    readonly ratePerLine: number;
    readonly cardTtlMs: number;
  };
  /** 0: not by itself. */
  readonly catchUp: { readonly everyMs: number };
  /** The address of our webhook route as Linq calls it. */
  readonly publicUrl: string | null;
  /** 0: never silent for too long. */
  readonly webhooksSilentAfterMs: number;
  /** 0: for ever. */
  readonly attemptRetentionMs: number;
  readonly backup: {
    /** 0: never by itself. */
    readonly everyMs: number;
    readonly keep: number;
    readonly directory: string;
  };
  /** Gets a POST when a problem opens or closes. */
  readonly alertUrl: string | null;
  readonly showNumbers: boolean;
  readonly log: { readonly level: string; readonly format: 'json' | 'pretty' };
}
