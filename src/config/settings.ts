import { anyText, boolean, duration, type Kind, oneOf, rate, wholeNumber } from './kinds.ts';
import { apiBaseUrl, databaseFile, host, lines, trustProxy } from './network-kinds.ts';
import { apiKey, signingSecrets, token } from './secret-kinds.ts';

export interface Setting<T> {
  readonly name: string;
  /** Other names that mean the same. */
  readonly aliases: readonly string[];
  /** The text that stands for an unset variable; null: there is none. */
  readonly fallback: string | null;
  readonly isRequired: boolean;
  readonly isSecret: boolean;
  /** Known, but nothing uses it yet. */
  readonly isLater: boolean;
  /** One line for `.env.example`: why one would set it. */
  readonly why: string;
  readonly example: string;
  readonly kind: Kind<T>;
}

type Extra = Partial<Pick<Setting<unknown>, 'aliases' | 'isRequired' | 'isSecret' | 'isLater'>>;

function setting<T>(
  name: string,
  fallback: string | null,
  kind: Kind<T>,
  why: string,
  example: string,
  extra: Extra = {},
): Setting<T> {
  return {
    aliases: [],
    isRequired: false,
    isSecret: false,
    isLater: false,
    ...extra,
    name,
    fallback,
    kind,
    why,
    example,
  };
}

const later = (name: string, why: string, example: string, extra: Extra = {}) =>
  setting(name, null, anyText('a value for a later version'), why, example, { ...extra, isLater: true });

/** Every variable there is: the one source for reading, for `.env.example` and for `config show`. */
export const SETTINGS = {
  apiKey: setting('LINQ_API_KEY', null, apiKey, 'Your Linq API token.', 'LINQ_API_KEY=0a1b2c…', {
    aliases: ['LINQ_API_V3_API_KEY'],
    isRequired: true,
    isSecret: true,
  }),
  webhookSecrets: setting(
    'LINQ_WEBHOOK_SECRET',
    null,
    signingSecrets,
    'Signing secret of your webhook subscription; while rotating, the new and the old one, comma-separated.',
    'LINQ_WEBHOOK_SECRET=whsec_…',
    { isRequired: true, isSecret: true },
  ),
  baseUrl: setting(
    'LINQ_API_BASE_URL',
    'https://api.linqapp.com/api/partner',
    apiBaseUrl,
    'Where the Linq API is: a simulated one for tests.',
    'LINQ_API_BASE_URL=https://api.linqapp.com/api/partner',
    { aliases: ['LINQ_API_V3_BASE_URL'] },
  ),
  lines: setting(
    'LINQ_LINES',
    null,
    lines,
    'Share only on these lines; unset: on all.',
    'LINQ_LINES=+12025550100',
  ),
  publicUrl: later('PUBLIC_URL', 'Where Linq reaches this service.', 'PUBLIC_URL=https://cards.example.com'),
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
  trustProxy: setting(
    'TRUST_PROXY',
    'false',
    trustProxy,
    'Proxies whose X-Forwarded-For is believed, so that rate limits see the real senders.',
    'TRUST_PROXY=loopback',
  ),
  databaseFile: setting(
    'DATABASE_URL',
    'file:./data/reactor.db',
    databaseFile,
    'The database; on a local disk, used by one process.',
    'DATABASE_URL=file:./data/reactor.db',
  ),
  statusToken: setting(
    'STATUS_TOKEN',
    null,
    token,
    'Opens the status routes to whoever has it; unset: to the command line on this machine only.',
    'STATUS_TOKEN=a-long-random-text',
    { isSecret: true },
  ),
  metricsToken: later('METRICS_TOKEN', 'Opens the metrics alone.', 'METRICS_TOKEN=a-long-random-text', {
    isSecret: true,
  }),
  window: setting(
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
  idleAfter: setting(
    'RESHARE_IDLE_AFTER',
    '7d',
    duration('1s', '3650d', 'never'),
    'A chat without outbound message for so long is left alone until the next one.',
    'RESHARE_IDLE_AFTER=7d',
  ),
  maxShares: setting(
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
  concurrency: setting(
    'SHARE_CONCURRENCY',
    '16',
    wholeNumber(1, 256),
    'Most share calls at once.',
    'SHARE_CONCURRENCY=16',
  ),
  ratePerLine: setting(
    'SHARE_RATE_PER_LINE',
    '2',
    rate('share calls per second and line', 1_000),
    'So that a backlog drains steadily; 0: no limit.',
    'SHARE_RATE_PER_LINE=2',
  ),
  cardTtl: setting(
    'CARD_TTL',
    '10m',
    duration('1s', '7d'),
    'How long a look at a line’s card is believed.',
    'CARD_TTL=10m',
  ),
  catchUpEvery: later('CATCH_UP_EVERY', 'How often to read what webhooks missed.', 'CATCH_UP_EVERY=6h'),
  tolerance: setting(
    'WEBHOOK_TOLERANCE',
    '5m',
    duration('1s', '24h'),
    'How far a signed time may be from ours.',
    'WEBHOOK_TOLERANCE=5m',
  ),
  acceptLegacy: setting(
    'ACCEPT_LEGACY_SIGNATURES',
    'false',
    boolean,
    'Take the deprecated X-Webhook-* signatures when no current one is present.',
    'ACCEPT_LEGACY_SIGNATURES=true',
  ),
  rateLimit: setting(
    'WEBHOOK_RATE_LIMIT',
    '60000',
    wholeNumber(0, 1_000_000_000),
    'Most deliveries a minute and address; 0: no limit.',
    'WEBHOOK_RATE_LIMIT=60000',
  ),
  silentAfter: later(
    'WEBHOOKS_SILENT_AFTER',
    'When a lack of webhooks is a problem.',
    'WEBHOOKS_SILENT_AFTER=24h',
  ),
  attemptRetention: later('ATTEMPT_RETENTION', 'How long attempts are kept.', 'ATTEMPT_RETENTION=90d'),
  backupEvery: later('BACKUP_EVERY', 'How often to back up the database.', 'BACKUP_EVERY=24h'),
  backupKeep: later('BACKUP_KEEP', 'How many backups to keep.', 'BACKUP_KEEP=7'),
  backupDir: later('BACKUP_DIR', 'Where backups go.', 'BACKUP_DIR=./data/backups'),
  alertWebhook: later(
    'ALERT_WEBHOOK_URL',
    'Told when a problem opens or closes.',
    'ALERT_WEBHOOK_URL=https://…',
    { isSecret: true },
  ),
  dryRun: setting(
    'DRY_RUN',
    'false',
    boolean,
    'Decide and record everything, but call nothing.',
    'DRY_RUN=true',
  ),
  showNumbers: setting(
    'SHOW_NUMBERS',
    'false',
    boolean,
    'Show your lines’ numbers in full.',
    'SHOW_NUMBERS=true',
  ),
  logLevel: setting(
    'LOG_LEVEL',
    'info',
    oneOf('fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'),
    'debug also tells each accepted delivery.',
    'LOG_LEVEL=debug',
  ),
  logFormat: setting(
    'LOG_FORMAT',
    null,
    oneOf('json', 'pretty'),
    'Unset: pretty on a terminal, json otherwise.',
    'LOG_FORMAT=json',
  ),
} as const;

export type SettingKey = keyof typeof SETTINGS;

/** In the order of `.env.example`. */
export const ALL_SETTINGS: readonly Setting<unknown>[] = Object.values(SETTINGS);
