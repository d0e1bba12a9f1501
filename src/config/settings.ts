import type { Policy } from '../decide/policy.ts';
import { DEFAULT_SCHEMA, database, schemaName } from './database-kind.ts';
import {
  apiKey,
  boolean,
  directory,
  duration,
  oneOf,
  rate,
  signingSecrets,
  token,
  wholeNumber,
} from './kinds.ts';
import {
  alertUrl,
  apiBaseUrl,
  exemptHosts,
  host,
  lines,
  proxyUrl,
  publicUrl,
  trustProxy,
} from './network-kinds.ts';
import { dependent, type Group, optional, required, type Setting, setting, settingsIn } from './setting.ts';

/*
 * The one list of settings. Adding a setting here is all it takes: `Config` has its value in the same place,
 * and this list drives how settings are read, shown, checked for misspelt names and documented.
 */

/** Whom the service talks to, and where it stores its data. */
export const CONNECTION = {
  linq: {
    apiKey: required('LINQ_API_KEY', apiKey, 'Your Linq API token.', 'LINQ_API_KEY=0a1b2c…', {
      aliases: ['LINQ_API_V3_API_KEY'],
      isSecret: true,
    }),
    baseUrl: setting(
      'LINQ_API_BASE_URL',
      'https://api.linqapp.com/api/partner',
      apiBaseUrl,
      'Address of the Linq API. Change it only to test against a simulated one.',
      'LINQ_API_BASE_URL=https://api.linqapp.com/api/partner',
      { aliases: ['LINQ_API_V3_BASE_URL'] },
    ),
  },
  webhook: {
    /** As issued (`whsec_…`), newest first. */
    secrets: required(
      'LINQ_WEBHOOK_SECRET',
      signingSecrets,
      'Signing secret of your webhook subscription. While you rotate it: the new and the old one, comma-separated.',
      'LINQ_WEBHOOK_SECRET=whsec_…',
      { isSecret: true },
    ),
    toleranceMs: setting(
      'WEBHOOK_TOLERANCE',
      '5m',
      duration('1s', '24h'),
      'Maximum difference between a webhook’s signed time and this machine’s clock.',
      'WEBHOOK_TOLERANCE=5m',
    ),
    acceptLegacySignatures: setting(
      'ACCEPT_LEGACY_SIGNATURES',
      'false',
      boolean,
      'Accept the deprecated X-Webhook-* signatures when no current one is present.',
      'ACCEPT_LEGACY_SIGNATURES=true',
    ),
    rateLimitPerMinute: setting(
      'WEBHOOK_RATE_LIMIT',
      '60000',
      wholeNumber(0, 1_000_000_000),
      'Maximum webhooks per minute and client address. 0: no limit.',
      'WEBHOOK_RATE_LIMIT=60000',
    ),
  },
  /** The address of our webhook route as Linq calls it. */
  publicUrl: optional(
    'PUBLIC_URL',
    publicUrl,
    'Public address of this service. Catch-up checks that a webhook subscription points to it.',
    'PUBLIC_URL=https://cards.example.com',
  ),
  server: {
    host: setting(
      'HOST',
      '127.0.0.1',
      host,
      'Address to listen on. Let a reverse proxy face the internet.',
      'HOST=127.0.0.1',
    ),
    port: setting(
      'PORT',
      '8080',
      wholeNumber(0, 65535, 'a port'),
      'Port to listen on. 0: any free port.',
      'PORT=8080',
    ),
    /** Proxies whose `X-Forwarded-For` is trusted. */
    trustProxy: setting(
      'TRUST_PROXY',
      'false',
      trustProxy,
      'Proxies whose X-Forwarded-For is trusted, so that rate limits apply to the real clients.',
      'TRUST_PROXY=loopback',
    ),
  },
  /** For calls to Linq and for alerts. */
  proxies: {
    https: optional(
      'HTTPS_PROXY',
      proxyUrl,
      'Proxy for https:// addresses: the Linq API and the alert webhook.',
      'HTTPS_PROXY=http://proxy.example.com:3128',
      { aliases: ['https_proxy'], isSecret: true, isShared: true },
    ),
    http: optional(
      'HTTP_PROXY',
      proxyUrl,
      'Proxy for http:// addresses. Only the alert webhook can have one.',
      'HTTP_PROXY=http://proxy.example.com:3128',
      { aliases: ['http_proxy'], isSecret: true, isShared: true },
    ),
    exempt: optional(
      'NO_PROXY',
      exemptHosts,
      'Hosts to call without the proxy.',
      'NO_PROXY=alerts.internal,10.0.0.0/8',
      { aliases: ['no_proxy'], isShared: true },
    ),
  },
  database: setting(
    'DATABASE_URL',
    'file:./data/reactor.db',
    database,
    'The SQLite file, on a local disk and used by one process only; or postgres://… for several replicas.',
    'DATABASE_URL=file:./data/reactor.db',
    { isSecret: 'partly' },
  ),
  databaseSchema: setting(
    'DATABASE_SCHEMA',
    DEFAULT_SCHEMA,
    schemaName,
    'PostgreSQL only: the schema of the tables. The first start creates it.',
    'DATABASE_SCHEMA=contact_card_reactor',
  ),
  statusToken: optional(
    'STATUS_TOKEN',
    token,
    'Token for the status page and API. Unset: only the command line has access, with SQLite and over localhost.',
    'STATUS_TOKEN=a-long-random-text',
    { isSecret: true },
  ),
  /** Gives access to the metrics and nothing else. */
  metricsToken: optional(
    'METRICS_TOKEN',
    token,
    'Token for the metrics only, so that your monitoring doesn’t need STATUS_TOKEN.',
    'METRICS_TOKEN=a-long-random-text',
    { isSecret: true },
  ),
} as const;

/** Which chats get the card, when, and how fast. */
export const BEHAVIOUR = {
  policy: {
    windowMs: setting(
      'SHARE_WINDOW',
      '24h',
      duration('1s', '365d'),
      'Time between two shares of a chat. Below 24h only against an API on this machine.',
      'SHARE_WINDOW=24h',
    ),
    reshare: setting(
      'RESHARE_POLICY',
      'daily',
      oneOf('daily', 'active', 'once'),
      'daily: share again when the window ends. active: only if you sent something since. once: never again.',
      'RESHARE_POLICY=daily',
    ),
    idleAfterMs: setting(
      'RESHARE_IDLE_AFTER',
      '7d',
      duration('1s', '3650d', 'never'),
      'A chat without an outbound message for this long gets no card until the next one.',
      'RESHARE_IDLE_AFTER=7d',
    ),
    maxSharesPerChat: setting(
      'MAX_SHARES_PER_CHAT',
      '0',
      wholeNumber(0, 1_000_000),
      'Maximum number of shares per chat. 0: no limit.',
      'MAX_SHARES_PER_CHAT=3',
    ),
    reshareOnCardChange: setting(
      'RESHARE_ON_CARD_CHANGE',
      'false',
      boolean,
      'Share a changed card once more, even under once or past MAX_SHARES_PER_CHAT.',
      'RESHARE_ON_CARD_CHANGE=true',
    ),
    requireInbound: setting(
      'REQUIRE_INBOUND',
      'false',
      boolean,
      'Share only once the recipient has written, as Linq recommends.',
      'REQUIRE_INBOUND=true',
    ),
    shareGroups: setting('SHARE_GROUPS', 'true', boolean, 'Share in group chats too.', 'SHARE_GROUPS=false'),
    holdAtRisk: setting(
      'HOLD_AT_RISK',
      'false',
      boolean,
      'Hold chats whose health is AT_RISK.',
      'HOLD_AT_RISK=true',
    ),
    lines: optional(
      'LINQ_LINES',
      lines,
      'Share only on these lines. Unset: on all lines.',
      'LINQ_LINES=+12025550100',
    ),
    dryRun: setting(
      'DRY_RUN',
      'false',
      boolean,
      'Decide and record everything, but share nothing.',
      'DRY_RUN=true',
    ),
  } satisfies Group<Policy>,
  dispatch: {
    concurrency: setting(
      'SHARE_CONCURRENCY',
      '16',
      wholeNumber(1, 256),
      'Maximum concurrent share calls.',
      'SHARE_CONCURRENCY=16',
    ),
    /** Shares started per second and line; 0: no limit. */
    ratePerLine: setting(
      'SHARE_RATE_PER_LINE',
      '2',
      rate('share calls per second and line', 1_000),
      'Share calls per second and line, so that a backlog drains steadily. 0: no limit.',
      'SHARE_RATE_PER_LINE=2',
    ),
    cardTtlMs: setting(
      'CARD_TTL',
      '10m',
      duration('1s', '7d'),
      'How long a check of a line’s card stays valid.',
      'CARD_TTL=10m',
    ),
  },
  catchUp: {
    /** 0: not scheduled. */
    everyMs: setting(
      'CATCH_UP_EVERY',
      '6h',
      duration('1s', '30d', 'not scheduled'),
      'How often to read from the API what webhooks missed.',
      'CATCH_UP_EVERY=6h',
    ),
  },
} as const;

/** What the service reports and keeps. */
export const OPERATION = {
  /** 0: never a problem. */
  webhooksSilentAfterMs: setting(
    'WEBHOOKS_SILENT_AFTER',
    '24h',
    duration('1s', '365d', 'never'),
    'Report a problem after this long without an accepted webhook.',
    'WEBHOOKS_SILENT_AFTER=24h',
  ),
  /** 0: kept forever. */
  attemptRetentionMs: setting(
    'ATTEMPT_RETENTION',
    '90d',
    duration('1s', '3650d', 'forever'),
    'How long to keep the record of attempts.',
    'ATTEMPT_RETENTION=90d',
  ),
  backup: {
    /** 0: not scheduled. */
    everyMs: setting(
      'BACKUP_EVERY',
      '0',
      duration('1s', '365d', 'never'),
      'How often to back up the database while the service runs.',
      'BACKUP_EVERY=24h',
    ),
    keep: setting(
      'BACKUP_KEEP',
      '7',
      wholeNumber(1, 10_000),
      'How many of these backups to keep. The oldest is deleted first.',
      'BACKUP_KEEP=7',
    ),
    directory: setting(
      'BACKUP_DIR',
      './data/backups',
      directory,
      'Directory for these backups, preferably on another disk.',
      'BACKUP_DIR=./data/backups',
    ),
  },
  /** Receives a POST when a problem opens or closes. */
  alertUrl: optional(
    'ALERT_WEBHOOK_URL',
    alertUrl,
    'Receives a JSON POST when a problem opens or closes.',
    'ALERT_WEBHOOK_URL=https://hooks.example.com/…',
    { isSecret: true },
  ),
  showNumbers: setting(
    'SHOW_NUMBERS',
    'false',
    boolean,
    'Show your lines’ numbers in full.',
    'SHOW_NUMBERS=true',
  ),
  log: {
    level: setting(
      'LOG_LEVEL',
      'info',
      oneOf('fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'),
      'Least severe level to log. debug adds each accepted webhook.',
      'LOG_LEVEL=debug',
    ),
    format: dependent(
      'LOG_FORMAT',
      ({ isTerminal }) => (isTerminal ? 'pretty' : 'json'),
      oneOf('json', 'pretty'),
      'Unset: pretty on a terminal, json otherwise.',
      'LOG_FORMAT=json',
    ),
  },
} as const;

export const SETTINGS = { ...CONNECTION, ...BEHAVIOUR, ...OPERATION } as const;

/** In the order of `.env.example`. */
export const ALL_SETTINGS: readonly Setting<unknown>[] = settingsIn(SETTINGS);

/** The value of each setting, in its place in the list. */
export type Config = ValuesIn<typeof SETTINGS>;

type ValuesIn<Group> = {
  readonly [Key in keyof Group]: Group[Key] extends Setting<infer Value> ? Value : ValuesIn<Group[Key]>;
};
