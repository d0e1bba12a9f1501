import type { Config } from '../../../src/config/settings.ts';
import { OTHER_SECRET, SECRET } from '../../helpers/deliver.ts';
import { NEEDED } from './loading.ts';

const ESCAPES =
  'in its user name, password and database write / as %2F, ? as %3F, # as %23, @ as %40, % as %25 and a space as %20';

export interface SettingCase {
  readonly pick: (config: Config) => unknown;
  /** What an unset variable stands for; for the required ones, what the tests set. */
  readonly fallback: unknown;
  readonly valid: readonly (readonly [text: string, value: unknown])[];
  /** `says`: what the mistake tells beside what was expected and an example; empty: nothing. */
  readonly invalid: readonly (readonly [text: string, says: string])[];
}

const flag = (pick: SettingCase['pick'], fallback: boolean): SettingCase => ({
  pick,
  fallback,
  valid: [
    ['true', true],
    ['false', false],
    ['TRUE', true],
    ['False', false],
  ],
  invalid: [
    ['yes', 'got yes'],
    ['1', 'got 1'],
  ],
});

const proxyCase = (pick: SettingCase['pick']): SettingCase => ({
  pick,
  fallback: null,
  valid: [
    ['http://proxy:3128', { origin: 'http://proxy:3128', authorization: null }],
    ['proxy.example.com:3128/', { origin: 'http://proxy.example.com:3128', authorization: null }],
    ['https://u@proxy', { origin: 'https://proxy', authorization: `Basic ${btoa('u:')}` }],
    [
      'http://u%40x:p%3A%2F@[::1]:8080',
      { origin: 'http://[::1]:8080', authorization: `Basic ${btoa('u@x:p:/')}` },
    ],
  ],
  invalid: [
    ['socks5://proxy:1080', 'only http and https proxies are supported'],
    ['http://', ''],
    ['http://proxy:99999', ''],
    ['http://proxy/proxy.pac', 'nothing may follow the port'],
    ['http://user:pa?ss@proxy:3128', 'write / as %2F, ? as %3F'],
    ['http://user:1/ss@proxy:3128', 'write / as %2F, ? as %3F'],
    ['http://user:100%@proxy:3128', 'and % as %25'],
  ],
});

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const BYTES_24 = `whsec_${Buffer.alloc(24, 7).toString('base64')}`;
const BYTES_64 = `whsec_${Buffer.alloc(64, 7).toString('base64')}`;
const LOOPBACK = ['127.0.0.0/8', '::1/128'];
const HOPS = 'a hop count can’t';

/** Every setting that has an effect, under its variable's name. */
export const CASES: Readonly<Record<string, SettingCase>> = {
  LINQ_API_KEY: {
    pick: ({ linq }) => linq.apiKey,
    fallback: NEEDED.LINQ_API_KEY,
    valid: [
      ['0a1b2c3d-4e5f', '0a1b2c3d-4e5f'],
      ['~!@#$%^&*()_+=/', '~!@#$%^&*()_+=/'],
    ],
    invalid: [
      ['Bearer 0a1b2c', 'leave "Bearer" out'],
      ['whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3', 'this is the signing secret of a webhook'],
      ['0a1b 2c3d', 'it contains a space or a character that no key has'],
      ['schlüssel', 'it contains a space or a character that no key has'],
      ['one\ntwo', 'it spans several lines'],
    ],
  },
  LINQ_WEBHOOK_SECRET: {
    pick: ({ webhook }) => webhook.secrets,
    fallback: [SECRET],
    valid: [
      [OTHER_SECRET, [OTHER_SECRET]],
      [`${SECRET}, ${OTHER_SECRET},`, [SECRET, OTHER_SECRET]],
      [BYTES_24, [BYTES_24]],
      [BYTES_64, [BYTES_64]],
      [OTHER_SECRET.replace(/=+$/, ''), [OTHER_SECRET.replace(/=+$/, '')]],
    ],
    invalid: [
      ['no-prefix-at-all', 'the secret doesn’t begin with whsec_'],
      [`${SECRET},nonsense`, 'secret 2 of 2 doesn’t begin with whsec_'],
      ['whsec_????', 'the secret isn’t base64 after whsec_'],
      ['whsec_AAAAA', 'the secret isn’t base64 after whsec_'],
      [`whsec_${Buffer.alloc(23).toString('base64')}`, 'the secret decodes to 23 bytes'],
      [`whsec_${Buffer.alloc(65).toString('base64')}`, 'the secret decodes to 65 bytes'],
      [', ,', 'the list is empty'],
    ],
  },
  LINQ_API_BASE_URL: {
    pick: ({ linq }) => linq.baseUrl,
    fallback: 'https://api.linqapp.com/api/partner',
    valid: [
      ['https://example.com/', 'https://example.com'],
      ['https://EXAMPLE.com:8443/a/b//', 'https://example.com:8443/a/b'],
      ['http://localhost:4010/api/partner', 'http://localhost:4010/api/partner'],
      ['http://127.0.0.1:4010', 'http://127.0.0.1:4010'],
      ['http://[::1]:4010', 'http://[::1]:4010'],
    ],
    invalid: [
      ['api.linqapp.com', ''],
      ['ftp://example.com', ''],
      ['http://example.com', 'over http the API key could be read in transit'],
      ['http://localhost.example.com', 'over http the API key could be read in transit'],
      ['http://127.0.0.1.example.com', 'over http the API key could be read in transit'],
      ['https://user@example.com', 'it contains a user name or password'],
      ['https://example.com/?key=1', 'it contains a query or fragment'],
      ['https://example.com/#a', 'it contains a query or fragment'],
      ['https://api.linqapp.com/api/partner/v3', 'leave /v3 out'],
    ],
  },
  HTTPS_PROXY: proxyCase(({ proxies }) => proxies.https),
  HTTP_PROXY: proxyCase(({ proxies }) => proxies.http),
  NO_PROXY: {
    pick: ({ proxies }) => proxies.exempt,
    fallback: null,
    valid: [
      ['Alerts.Internal, 10.0.0.0/8 [::1]', ['alerts.internal', '10.0.0.0/8', '[::1]']],
      ['*', ['*']],
      ['<local>;what ever', ['<local>;what', 'ever']],
    ],
    invalid: [],
  },
  LINQ_LINES: {
    pick: ({ policy }) => policy.lines,
    fallback: null,
    valid: [
      ['+12025550100', new Set(['+12025550100'])],
      [' +12025550100 ,+442079460000,', new Set(['+12025550100', '+442079460000'])],
    ],
    invalid: [
      ['12025550100', 'the number isn’t + and 7 to 15 digits, without spaces or dashes'],
      ['+12025550100,+1 202 555 0101', 'number 2 of 2 isn’t + and 7 to 15 digits'],
      ['+1202555\u202e0100', 'the number isn’t + and 7 to 15 digits'],
      ['+12025550100\u200b', 'the number isn’t + and 7 to 15 digits'],
      ['+123456', 'the number isn’t + and 7 to 15 digits'],
      ['+1234567890123456', 'the number isn’t + and 7 to 15 digits'],
      [',', 'the list is empty'],
    ],
  },
  HOST: {
    pick: ({ server }) => server.host,
    fallback: '127.0.0.1',
    valid: [
      ['0.0.0.0', '0.0.0.0'],
      ['::', '::'],
      ['localhost', 'localhost'],
      ['my-host.example', 'my-host.example'],
    ],
    invalid: [
      ['http://x', 'got http://x'],
      ['localhost:8080', 'got localhost:8080'],
      ['[::1]', 'got [::1]'],
      ['*', 'got *'],
    ],
  },
  PORT: {
    pick: ({ server }) => server.port,
    fallback: 8080,
    valid: [
      ['0', 0],
      ['65535', 65_535],
    ],
    invalid: [
      ['65536', 'got 65536'],
      ['-1', 'got -1'],
      ['80.5', 'got 80.5'],
      ['0x50', 'got 0x50'],
      ['http', 'got http'],
    ],
  },
  TRUST_PROXY: {
    pick: ({ server }) => server.trustProxy,
    fallback: false,
    valid: [
      ['false', false],
      ['loopback', LOOPBACK],
      ['10.0.0.7', ['10.0.0.7']],
      ['10.0.0.0/8, fd00::/8', ['10.0.0.0/8', 'fd00::/8']],
      ['Loopback,172.16.0.0/12', [...LOOPBACK, '172.16.0.0/12']],
    ],
    invalid: [
      ['true', 'true would trust an address that any client can forge'],
      ['TRUE', 'true would trust an address that any client can forge'],
      ['1', HOPS],
      ['2', `${HOPS} tell your proxy from a client that connects directly`],
      ['proxy.local', 'the entry isn’t an address, a range or loopback'],
      ['10.0.0.0/8,proxy', 'entry 2 of 2 isn’t an address, a range or loopback'],
      ['10.0.0.0/33', 'the entry has a wrong prefix length'],
      ['fd00::/129', 'the entry has a wrong prefix length'],
      ['10.0.0.0/x', 'the entry has a wrong prefix length'],
      ['10.0.0.0/8/8', 'the entry isn’t an address, a range or loopback'],
      ['0.0.0.0/0', 'the entry would trust every address'],
      ['::/0', 'the entry would trust every address'],
      ['fe80::1%eth0', 'the entry isn’t an address, a range or loopback'],
      [',', 'the list is empty'],
    ],
  },
  DATABASE_URL: {
    pick: ({ database }) => database,
    fallback: { kind: 'sqlite', path: './data/reactor.db' },
    valid: [
      ['file:./a/b.db', { kind: 'sqlite', path: './a/b.db' }],
      ['file:b.db', { kind: 'sqlite', path: 'b.db' }],
      ['file:/var/lib/b.db', { kind: 'sqlite', path: '/var/lib/b.db' }],
      ['file:///var/lib/b.db', { kind: 'sqlite', path: '/var/lib/b.db' }],
      ['file:../with space/b', { kind: 'sqlite', path: '../with space/b' }],
      [
        'postgres://reactor@db.example.com/reactor',
        { kind: 'postgres', url: 'postgres://reactor@db.example.com/reactor' },
      ],
      [
        'postgresql://u:p%40ss@127.0.0.1:5433/db?sslmode=disable',
        { kind: 'postgres', url: 'postgresql://u:p%40ss@127.0.0.1:5433/db?sslmode=disable' },
      ],
      [
        'postgres:///db?host=/var/run/postgresql',
        { kind: 'postgres', url: 'postgres:///db?host=/var/run/postgresql' },
      ],
      [
        'postgres://u:secret@/db?host=/var/run/postgresql',
        { kind: 'postgres', url: 'postgres://u:secret@/db?host=/var/run/postgresql' },
      ],
      [
        'postgres://%2Fvar%2Frun%2Fpostgresql/db',
        { kind: 'postgres', url: 'postgres://%2Fvar%2Frun%2Fpostgresql/db' },
      ],
      ['postgres://[::1]:5432/db', { kind: 'postgres', url: 'postgres://[::1]:5432/db' }],
      [
        'postgres://u@h/db?sslmode=verify-ca&sslrootcert=/etc/ca.pem&target_session_attrs=read-write',
        {
          kind: 'postgres',
          url: 'postgres://u@h/db?sslmode=verify-ca&sslrootcert=/etc/ca.pem&target_session_attrs=read-write',
        },
      ],
    ],
    invalid: [
      ['postgres:db', 'two slashes must follow postgres:'],
      [
        'postgres://u:p@a,b/db',
        'only one host is supported: use an address that always leads to the primary',
      ],
      [
        'postgres://a:5432,b:5433/db',
        'only one host is supported: use an address that always leads to the primary',
      ],
      ['postgres://u:pa/ss@host/db', ESCAPES],
      ['postgres://u:pa#ss@host/db', ESCAPES],
      ['postgres://u:100%@host/db', ESCAPES],
      ['postgres://u:a b@host/db', ESCAPES],
      ['postgres://host:99999/db', ESCAPES],
      ['postgres://host/db?port=x', 'its port is not a number'],
      ['postgres://host?dbname=db', 'the database is named after the host and a slash, not by dbname'],
      [
        'postgres://host/db?target_session_attrs=standby',
        'target_session_attrs must be read-write: the service writes',
      ],
      ['postgres://host/db?sslmode=verify', 'sslmode must be disable, require, verify-ca or verify-full'],
      [
        'postgres://host/db?sslmode=prefer',
        'sslmode=prefer may send the password unencrypted: write verify-full, require, or on a network that is safe disable',
      ],
      [
        'postgres://host/db?sslmode=verify-ca',
        'sslmode=verify-ca needs sslrootcert, the certificate of the authority',
      ],
      ['./data/reactor.db', ''],
      ['sqlite:data.db', ''],
      ['file:', 'it names no file'],
      ['file:./data/', 'it names no file'],
      ['file:..', 'it names no file'],
      ['file:///', 'it names no file'],
      ['file://server/share.db', 'the file must be on this machine'],
      ['file::memory:', 'an in-memory database is lost when the process ends'],
      ['file:a.db?mode=ro', 'the path contains ?, # or a control character'],
      ['file:a#b', 'the path contains ?, # or a control character'],
      ['file:a\u0001b', 'the path contains ?, # or a control character'],
    ],
  },
  DATABASE_SCHEMA: {
    pick: ({ databaseSchema }) => databaseSchema,
    fallback: 'contact_card_reactor',
    valid: [
      ['public', 'public'],
      ['_a1', '_a1'],
    ],
    invalid: [
      ['Public', ''],
      ['a-b', ''],
      ['1a', ''],
      ['pg_toast', 'names that begin with pg_ are PostgreSQL’s own'],
    ],
  },
  STATUS_TOKEN: {
    pick: ({ statusToken }) => statusToken,
    fallback: null,
    valid: [['0123456789abcdef', '0123456789abcdef']],
    invalid: [
      ['0123456789abcde', 'it has 15 characters'],
      ['0123456789 abcdef', 'it contains a space or a character outside ASCII'],
      ['0123456789abcdeé', 'it contains a space or a character outside ASCII'],
    ],
  },
  METRICS_TOKEN: {
    pick: ({ metricsToken }) => metricsToken,
    fallback: null,
    valid: [['0123456789abcdef', '0123456789abcdef']],
    invalid: [
      ['0123456789abcde', 'it has 15 characters'],
      ['0123456789 abcdef', 'it contains a space or a character outside ASCII'],
      ['0123456789abcdeé', 'it contains a space or a character outside ASCII'],
    ],
  },
  SHARE_WINDOW: {
    pick: ({ policy }) => policy.windowMs,
    fallback: DAY,
    valid: [
      ['24h', DAY],
      ['1d', DAY],
      ['1440m', DAY],
      ['7d', 7 * DAY],
      ['365d', 365 * DAY],
    ],
    invalid: [
      ['366d', 'it is too long'],
      ['0', 'it is too short'],
      ['6', 'write a whole number followed by s, m, h or d'],
      ['24', 'got 24: write a whole number followed by s, m, h or d'],
      ['1.5d', 'got 1.5d: write a whole number followed by s, m, h or d'],
      ['24hours', 'got 24hours: write a whole number followed by s, m, h or d'],
      ['a day', 'got a day'],
    ],
  },
  RESHARE_POLICY: {
    pick: ({ policy }) => policy.reshare,
    fallback: 'daily',
    valid: [
      ['daily', 'daily'],
      ['active', 'active'],
      ['Once', 'once'],
    ],
    invalid: [['never', 'got never']],
  },
  RESHARE_IDLE_AFTER: {
    pick: ({ policy }) => policy.idleAfterMs,
    fallback: 7 * DAY,
    valid: [
      ['0', 0],
      ['0d', 0],
      ['1s', 1_000],
      ['3650d', 3650 * DAY],
    ],
    invalid: [
      ['3651d', 'it is too long'],
      ['-7d', 'got -7d'],
    ],
  },
  MAX_SHARES_PER_CHAT: {
    pick: ({ policy }) => policy.maxSharesPerChat,
    fallback: 0,
    valid: [
      ['3', 3],
      ['1000000', 1_000_000],
    ],
    invalid: [
      ['1000001', 'got 1000001'],
      ['1e3', 'got 1e3'],
    ],
  },
  RESHARE_ON_CARD_CHANGE: flag(({ policy }) => policy.reshareOnCardChange, false),
  REQUIRE_INBOUND: flag(({ policy }) => policy.requireInbound, false),
  SHARE_GROUPS: flag(({ policy }) => policy.shareGroups, true),
  HOLD_AT_RISK: flag(({ policy }) => policy.holdAtRisk, false),
  SHARE_CONCURRENCY: {
    pick: ({ dispatch }) => dispatch.concurrency,
    fallback: 16,
    valid: [
      ['1', 1],
      ['256', 256],
    ],
    invalid: [
      ['0', 'got 0'],
      ['257', 'got 257'],
    ],
  },
  SHARE_RATE_PER_LINE: {
    pick: ({ dispatch }) => dispatch.ratePerLine,
    fallback: 2,
    valid: [
      ['0', 0],
      ['0.5', 0.5],
      ['1000', 1_000],
    ],
    invalid: [
      ['1000.1', 'got 1000.1'],
      ['.5', 'got .5'],
      ['1,5', 'got 1,5'],
      ['NaN', 'got NaN'],
    ],
  },
  CARD_TTL: {
    pick: ({ dispatch }) => dispatch.cardTtlMs,
    fallback: 600_000,
    valid: [
      ['1s', 1_000],
      ['7d', 7 * DAY],
    ],
    invalid: [
      ['0', 'it is too short'],
      ['8d', 'it is too long'],
    ],
  },
  WEBHOOK_TOLERANCE: {
    pick: ({ webhook }) => webhook.toleranceMs,
    fallback: 300_000,
    valid: [
      ['90s', 90_000],
      ['24h', DAY],
    ],
    invalid: [
      ['25h', 'it is too long'],
      ['6', 'write a whole number followed by s, m, h or d'],
    ],
  },
  ACCEPT_LEGACY_SIGNATURES: flag(({ webhook }) => webhook.acceptLegacySignatures, false),
  WEBHOOK_RATE_LIMIT: {
    pick: ({ webhook }) => webhook.rateLimitPerMinute,
    fallback: 60_000,
    valid: [
      ['0', 0],
      ['1000000000', 1_000_000_000],
    ],
    invalid: [
      ['1000000001', 'got 1000000001'],
      ['60k', 'got 60k'],
    ],
  },
  DRY_RUN: flag(({ policy }) => policy.dryRun, false),
  SHOW_NUMBERS: flag(({ showNumbers }) => showNumbers, false),
  LOG_LEVEL: {
    pick: ({ log }) => log.level,
    fallback: 'info',
    valid: ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent', 'DEBUG'].map((level) => [
      level,
      level.toLowerCase(),
    ]),
    invalid: [['verbose', 'got verbose']],
  },
  LOG_FORMAT: {
    pick: ({ log }) => log.format,
    fallback: 'json',
    valid: [
      ['json', 'json'],
      ['pretty', 'pretty'],
    ],
    invalid: [['text', 'got text']],
  },
  PUBLIC_URL: {
    pick: ({ publicUrl }) => publicUrl,
    fallback: null,
    valid: [
      ['https://cards.example.com', 'https://cards.example.com/webhooks/linq'],
      ['https://example.com/cards/', 'https://example.com/cards/webhooks/linq'],
      ['https://cards.example.com/webhooks/linq/', 'https://cards.example.com/webhooks/linq'],
      ['http://localhost:8080', 'http://localhost:8080/webhooks/linq'],
    ],
    invalid: [
      ['cards.example.com', ''],
      ['http://cards.example.com', 'Linq delivers to https only'],
      ['https://a:b@cards.example.com', 'it contains a user name or password'],
      ['https://cards.example.com?version=2', 'it contains a query or fragment'],
    ],
  },
  CATCH_UP_EVERY: {
    pick: ({ catchUp }) => catchUp.everyMs,
    fallback: 6 * HOUR,
    valid: [
      ['0', 0],
      ['90s', 90_000],
      ['30d', 30 * DAY],
    ],
    invalid: [
      ['6', 'write a whole number followed by s, m, h or d'],
      ['31d', 'it is too long'],
    ],
  },
  WEBHOOKS_SILENT_AFTER: {
    pick: ({ webhooksSilentAfterMs }) => webhooksSilentAfterMs,
    fallback: DAY,
    valid: [
      ['0', 0],
      ['2h', 2 * HOUR],
    ],
    invalid: [['366d', 'it is too long']],
  },
  ATTEMPT_RETENTION: {
    pick: ({ attemptRetentionMs }) => attemptRetentionMs,
    fallback: 90 * DAY,
    valid: [
      ['0', 0],
      ['7d', 7 * DAY],
    ],
    invalid: [['seven', '']],
  },
  BACKUP_EVERY: {
    pick: ({ backup }) => backup.everyMs,
    fallback: 0,
    valid: [['24h', DAY]],
    invalid: [['1y', 'write a whole number followed by s, m, h or d']],
  },
  BACKUP_KEEP: {
    pick: ({ backup }) => backup.keep,
    fallback: 7,
    valid: [['1', 1]],
    invalid: [['0', 'got 0']],
  },
  BACKUP_DIR: {
    pick: ({ backup }) => backup.directory,
    fallback: './data/backups',
    valid: [
      ['/mnt/backups/', '/mnt/backups'],
      ['/', '/'],
    ],
    invalid: [
      ['backups', ''],
      ['./a\u0007b', 'it contains a control character'],
    ],
  },
  ALERT_WEBHOOK_URL: {
    pick: ({ alertUrl }) => alertUrl,
    fallback: null,
    valid: [
      ['https://hooks.example.com/T0/B0?x=y', 'https://hooks.example.com/T0/B0?x=y'],
      ['http://alerts.internal:9093/', 'http://alerts.internal:9093/'],
    ],
    invalid: [
      ['hooks.example.com', ''],
      ['ftp://hooks.example.com', ''],
      ['https://a:b@hooks.example.com', 'it contains a user name or password'],
      ['https://hooks.example.com/#a', 'it contains a fragment'],
    ],
  },
};
