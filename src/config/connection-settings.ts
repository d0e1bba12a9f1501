import { wholeNumber } from './kinds.ts';
import { apiBaseUrl, databaseFile, host, lines, publicUrl, trustProxy } from './network-kinds.ts';
import { exemptHosts, proxyUrl } from './proxies.ts';
import { apiKey, signingSecrets, token } from './secret-kinds.ts';
import { setting } from './setting.ts';

/** Settings that say with whom the service talks, and where it keeps what it knows. */
export const CONNECTION_SETTINGS = {
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
  httpsProxy: setting(
    'HTTPS_PROXY',
    null,
    proxyUrl,
    'The proxy by which this machine reaches https:// addresses: Linq, and where alerts go.',
    'HTTPS_PROXY=http://proxy.example.com:3128',
    { aliases: ['https_proxy'], isSecret: true, isShared: true },
  ),
  httpProxy: setting(
    'HTTP_PROXY',
    null,
    proxyUrl,
    'The same for http:// addresses: only alerts can have one.',
    'HTTP_PROXY=http://proxy.example.com:3128',
    { aliases: ['http_proxy'], isSecret: true, isShared: true },
  ),
  noProxy: setting(
    'NO_PROXY',
    null,
    exemptHosts,
    'What is called without the proxy.',
    'NO_PROXY=alerts.internal,10.0.0.0/8',
    { aliases: ['no_proxy'], isShared: true },
  ),
  lines: setting(
    'LINQ_LINES',
    null,
    lines,
    'Share only on these lines; unset: on all.',
    'LINQ_LINES=+12025550100',
  ),
  publicUrl: setting(
    'PUBLIC_URL',
    null,
    publicUrl,
    'Where Linq reaches this service: catch-up checks that a webhook subscription leads here.',
    'PUBLIC_URL=https://cards.example.com',
  ),
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
  metricsToken: setting(
    'METRICS_TOKEN',
    null,
    token,
    'Opens the metrics alone, so that a monitoring system needn’t know STATUS_TOKEN.',
    'METRICS_TOKEN=a-long-random-text',
    { isSecret: true },
  ),
} as const;
