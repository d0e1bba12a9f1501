import type { Policy } from '../decide/policy.ts';
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
  databaseFile,
  exemptHosts,
  host,
  lines,
  proxyUrl,
  publicUrl,
  trustProxy,
} from './network-kinds.ts';
import { dependent, type Group, optional, required, type Setting, setting, settingsIn } from './setting.ts';

/*
 * The one list of settings. A line here is all it takes: `Config` has the setting's value in the same place, and it is
 * read, shown, checked for misspelt names and documented by this list.
 */

/** Settings that say with whom the service talks, and where it keeps what it knows. */
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
      'Where the Linq API is: a simulated one for tests.',
      'LINQ_API_BASE_URL=https://api.linqapp.com/api/partner',
      { aliases: ['LINQ_API_V3_BASE_URL'] },
    ),
  },
  webhook: {
    /** As issued (`whsec_…`), newest first. */
    secrets: required(
      'LINQ_WEBHOOK_SECRET',
      signingSecrets,
      'Signing secret of your webhook subscription; while rotating, the new and the old one, comma-separated.',
      'LINQ_WEBHOOK_SECRET=whsec_…',
      { isSecret: true },
    ),
    toleranceMs: setting(
      'WEBHOOK_TOLERANCE',
      '5m',
      duration('1s', '24h'),
      'How far a signed time may be from ours.',
      'WEBHOOK_TOLERANCE=5m',
    ),
    acceptLegacySignatures: setting(
      'ACCEPT_LEGACY_SIGNATURES',
      'false',
      boolean,
      'Take the deprecated X-Webhook-* signatures when no current one is present.',
      'ACCEPT_LEGACY_SIGNATURES=true',
    ),
    rateLimitPerMinute: setting(
      'WEBHOOK_RATE_LIMIT',
      '60000',
      wholeNumber(0, 1_000_000_000),
      'Most deliveries a minute and address; 0: no limit.',
      'WEBHOOK_RATE_LIMIT=60000',
    ),
  },
  /** The address of our webhook route as Linq calls it. */
  publicUrl: optional(
    'PUBLIC_URL',
    publicUrl,
    'Where Linq reaches this service: catch-up checks that a webhook subscription leads here.',
    'PUBLIC_URL=https://cards.example.com',
  ),
  server: {
    host: setting(
      'HOST',
      '127.0.0.1',
      host,
      'Address to listen on; leave it to a proxy to face the internet.',
      'HOST=127.0.0.1',
    ),
    port: setting(
      'PORT',
      '8080',
      wholeNumber(0, 65535, 'a port'),
      'Port to listen on; 0: any free one.',
      'PORT=8080',
    ),
    /** Proxies whose `X-Forwarded-For` is believed. */
    trustProxy: setting(
      'TRUST_PROXY',
      'false',
      trustProxy,
      'Proxies whose X-Forwarded-For is believed, so that rate limits see the real senders.',
      'TRUST_PROXY=loopback',
    ),
  },
  /** For calls to Linq and for alerts. */
  proxies: {
    https: optional(
      'HTTPS_PROXY',
      proxyUrl,
      'The proxy by which this machine reaches https:// addresses: Linq, and where alerts go.',
      'HTTPS_PROXY=http://proxy.example.com:3128',
      { aliases: ['https_proxy'], isSecret: true, isShared: true },
    ),
    http: optional(
      'HTTP_PROXY',
      proxyUrl,
      'The same for http:// addresses: only alerts can have one.',
      'HTTP_PROXY=http://proxy.example.com:3128',
      { aliases: ['http_proxy'], isSecret: true, isShared: true },
    ),
    exempt: optional(
      'NO_PROXY',
      exemptHosts,
      'What is called without the proxy.',
      'NO_PROXY=alerts.internal,10.0.0.0/8',
      { aliases: ['no_proxy'], isShared: true },
    ),
  },
  /** Path of the SQLite file. */
  databasePath: setting(
    'DATABASE_URL',
    'file:./data/reactor.db',
    databaseFile,
    'The database; on a local disk, used by one process.',
    'DATABASE_URL=file:./data/reactor.db',
  ),
  statusToken: optional(
    'STATUS_TOKEN',
    token,
    'Opens the status routes to whoever has it; unset: to the command line on this machine only.',
    'STATUS_TOKEN=a-long-random-text',
    { isSecret: true },
  ),
  /** Opens the metrics and nothing else. */
  metricsToken: optional(
    'METRICS_TOKEN',
    token,
    'Opens the metrics alone, so that a monitoring system needn’t know STATUS_TOKEN.',
    'METRICS_TOKEN=a-long-random-text',
    { isSecret: true },
  ),
} as const;

/** Settings that say which chats get the card, when, and how fast. */
export const BEHAVIOUR = {
  policy: {
    windowMs: setting(
      'SHARE_WINDOW',
      '24h',
      duration('1s', '365d'),
      'Time between two shares of a chat; below 24h only against an API on this machine.',
      'SHARE_WINDOW=24h',
    ),
    reshare: setting(
      'RESHARE_POLICY',
      'daily',
      oneOf('daily', 'active', 'once'),
      'daily: again at each lapse; active: only if something was sent since; once: never again.',
      'RESHARE_POLICY=daily',
    ),
    idleAfterMs: setting(
      'RESHARE_IDLE_AFTER',
      '7d',
      duration('1s', '3650d', 'never'),
      'A chat without outbound message for so long is left alone until the next one.',
      'RESHARE_IDLE_AFTER=7d',
    ),
    maxSharesPerChat: setting(
      'MAX_SHARES_PER_CHAT',
      '0',
      wholeNumber(0, 1_000_000),
      'Most shares a chat ever gets; 0: no limit.',
      'MAX_SHARES_PER_CHAT=3',
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
      'Share only on these lines; unset: on all.',
      'LINQ_LINES=+12025550100',
    ),
    dryRun: setting(
      'DRY_RUN',
      'false',
      boolean,
      'Decide and record everything, but call nothing.',
      'DRY_RUN=true',
    ),
  } satisfies Group<Policy>,
  dispatch: {
    concurrency: setting(
      'SHARE_CONCURRENCY',
      '16',
      wholeNumber(1, 256),
      'Most share calls at once.',
      'SHARE_CONCURRENCY=16',
    ),
    /** Starts a second and line; 0: no limit. */
    ratePerLine: setting(
      'SHARE_RATE_PER_LINE',
      '2',
      rate('share calls per second and line', 1_000),
      'So that a backlog drains steadily; 0: no limit.',
      'SHARE_RATE_PER_LINE=2',
    ),
    cardTtlMs: setting(
      'CARD_TTL',
      '10m',
      duration('1s', '7d'),
      'How long a look at a line’s card is believed.',
      'CARD_TTL=10m',
    ),
  },
  catchUp: {
    /** 0: not by itself. */
    everyMs: setting(
      'CATCH_UP_EVERY',
      '6h',
      duration('1s', '30d', 'never by itself'),
      'How often to read from the API what webhooks missed.',
      'CATCH_UP_EVERY=6h',
    ),
  },
} as const;

/** Settings that say what the service reports and keeps. */
export const OPERATION = {
  /** 0: never silent for too long. */
  webhooksSilentAfterMs: setting(
    'WEBHOOKS_SILENT_AFTER',
    '24h',
    duration('1s', '365d', 'never'),
    'After so long without any accepted delivery, status tells of a problem.',
    'WEBHOOKS_SILENT_AFTER=24h',
  ),
  /** 0: for ever. */
  attemptRetentionMs: setting(
    'ATTEMPT_RETENTION',
    '90d',
    duration('1s', '3650d', 'for ever'),
    'How long the attempts of a chat are kept.',
    'ATTEMPT_RETENTION=90d',
  ),
  backup: {
    /** 0: never by itself. */
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
      'How many of these backups to keep; the oldest goes first.',
      'BACKUP_KEEP=7',
    ),
    directory: setting(
      'BACKUP_DIR',
      './data/backups',
      directory,
      'Where these backups go; best on another disk.',
      'BACKUP_DIR=./data/backups',
    ),
  },
  /** Gets a POST when a problem opens or closes. */
  alertUrl: optional(
    'ALERT_WEBHOOK_URL',
    alertUrl,
    'Gets a JSON POST when a problem opens or closes.',
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
      'debug also tells each accepted delivery.',
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

/** The value of each setting, in the place that the list gives it. */
export type Config = ValuesIn<typeof SETTINGS>;

type ValuesIn<Group> = {
  readonly [Key in keyof Group]: Group[Key] extends Setting<infer Value> ? Value : ValuesIn<Group[Key]>;
};
