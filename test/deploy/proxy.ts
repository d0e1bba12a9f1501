import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import type { LookupFunction } from 'node:net';
import { basename, join } from 'node:path';
import { Agent, type Dispatcher } from 'undici';
import { onTestFinished } from 'vitest';
import { freePort } from '../helpers/free-port.ts';
import { createWorkDir } from '../helpers/process.ts';
import { until } from '../helpers/status.ts';
import { adapt, inTree, type Program, runProgram } from './program.ts';

/** A proxy as it is shipped, on loopback, before a service. */
export interface FrontProxy {
  /** `https://localhost:…` */
  readonly url: string;
  /** Where it listens without TLS. */
  readonly plainUrl: string;
  /** Certificate of its authority. */
  readonly authority: () => string;
  /** What it logs of requests. */
  readonly accessLog: () => string;
  /** Connections to it from an address of loopback. */
  from(address: string, options?: Agent.Options): Dispatcher;
}

/**
 * @param upstream addresses of the service's replicas, separated by spaces
 * @param isInside with the lines that keep the status page within one's network
 */
export type StartProxy = (upstream: string, isInside?: boolean) => Promise<FrontProxy>;

const toLoopback: LookupFunction = (_name, { all }, done) =>
  all === true ? done(null, [{ address: '127.0.0.1', family: 4 }]) : done(null, '127.0.0.1', 4);

/** Lines of the shipped file that are off until somebody takes this sign away. */
const OFF = '#~ ';
const OUR_NETWORK = '192.168.0.0/16';
/** Whoever connects from there is at home, in tests. */
export const INSIDE = '127.0.0.77';

const read = (path: string, isInside: boolean) => {
  const text = readFileSync(inTree(path), 'utf8');
  return isInside
    ? adapt(text, [
        [OFF, ''],
        [OUR_NETWORK, `${INSIDE}/32`],
      ])
    : text;
};

/** Debian's Caddy with the shipped Caddyfile; its own authority signs certificates for localhost. */
export const startCaddy: StartProxy = (upstream, isInside = false) =>
  runCaddy(upstream, read('deploy/caddy/Caddyfile', isInside));

/** Caddy with a service below a path of its host, as docs/deploy.md has it. */
export const startCaddyBelow: StartProxy = (upstream) => {
  const snippet =
    /```\n(redir \/ccr .*?)```/s.exec(readFileSync(inTree('docs/deploy.md'), 'utf8'))?.[1] ?? '';
  const proxying = adapt(snippet, [['127.0.0.1:8080', '{$REACTOR}']]);
  return runCaddy(upstream, `{$PUBLIC_HOST} {\n${proxying}}\n`);
};

const REPLICAS = 'deploy/caddy/replicas.caddy';

async function runCaddy(upstream: string, caddyfile: string): Promise<FrontProxy> {
  const directory = createWorkDir();
  const [port, plainPort] = [await freePort(), await freePort()];
  const file = join(directory, 'Caddyfile');
  writeFileSync(file, caddyfile);
  if (upstream.includes(' ')) copyFileSync(inTree(REPLICAS), join(directory, basename(REPLICAS)));
  const env = {
    PATH: process.env.PATH,
    HOME: directory,
    XDG_DATA_HOME: directory,
    PUBLIC_HOST: `localhost:${port}`,
    REACTOR: upstream,
  };
  const adapted = execFileSync('caddy', ['adapt', '--adapter', 'caddyfile', '--config', file], {
    env,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const config = JSON.parse(adapted);
  config.admin = { disabled: true, config: { persist: false } };
  config.apps.http.http_port = plainPort;
  config.apps.pki = { certificate_authorities: { local: { install_trust: false } } }; // the machine's stays as it is
  writeFileSync(join(directory, 'caddy.json'), JSON.stringify(config));
  const program = runProgram('caddy', ['run', '--config', join(directory, 'caddy.json')], env);
  const root = join(directory, 'caddy/pki/authorities/local/root.crt');
  return ready(program, {
    url: `https://localhost:${port}`,
    plainUrl: `http://localhost:${plainPort}`,
    authority: () => readFileSync(root, 'utf8'),
    isThere: () => existsSync(root),
    accessLog: () => linesWith(program.output(), 'http.log.access'),
  });
}

const linesWith = (text: string, part: string) =>
  text
    .split('\n')
    .filter((line) => line.includes(part))
    .join('\n');

/** Debian's nginx with the shipped site, and a certificate of an authority made by openssl. */
export const startNginx: StartProxy = async (upstream, isInside = false) => {
  const directory = createWorkDir();
  const [port, plainPort] = [await freePort(), await freePort()];
  createCertificate(directory);
  const log = join(directory, 'access.log');
  const site = adapt(read('deploy/nginx/contact-card-reactor.conf', isInside), [
    ['/etc/letsencrypt/live/cards.example.com', directory],
    ['/var/log/nginx/contact-card-reactor.log', log],
    ['/var/www/html', directory],
    ['server 127.0.0.1:8080;', servers(upstream)],
    ['\tlisten [::]:80;\n', ''],
    ['\tlisten [::]:443 ssl http2;\n', ''],
    ['listen 80;', `listen 127.0.0.1:${plainPort};`],
    ['listen 443 ssl http2;', `listen 127.0.0.1:${port} ssl http2;`],
    ['https://cards.example.com', `https://localhost:${port}`],
    ['cards.example.com', 'localhost'],
  ]);
  writeFileSync(join(directory, 'site.conf'), site);
  writeFileSync(join(directory, 'nginx.conf'), around(directory));
  const args = ['-e', 'stderr', '-p', directory, '-c', join(directory, 'nginx.conf')];
  const program = runProgram('nginx', args);
  return ready(program, {
    url: `https://localhost:${port}`,
    plainUrl: `http://localhost:${plainPort}`,
    authority: () => readFileSync(join(directory, 'ca.pem'), 'utf8'),
    isThere: () => existsSync(join(directory, 'nginx.pid')),
    accessLog: () => readFileSync(log, 'utf8'),
  });
};

/** A line for each replica, as the comment in the file has it. */
const servers = (upstream: string) =>
  upstream.includes(' ')
    ? upstream.replaceAll(/\S+/g, 'server $& max_fails=1 fail_timeout=2s;')
    : `server ${upstream};`;

/** What Debian's own nginx.conf puts around a site, with all that it writes in a directory of the test. */
function around(directory: string): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((name) => `${name}_temp_path ${join(directory, name)};`)
    .join(' ');
  mkdirSync(join(directory, 'logs'), { recursive: true });
  return `${process.getuid?.() === 0 ? 'user root;' : ''}
daemon off; worker_processes 2; pid ${join(directory, 'nginx.pid')};
events { worker_connections 768; }
http { access_log off; ${temporary} include ${join(directory, 'site.conf')}; }
`;
}

function createCertificate(directory: string): void {
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
  const make = (...args: readonly string[]) =>
    execFileSync('openssl', ['req', '-x509', ...key, ...args], { cwd: directory, stdio: 'ignore' });
  make('-subj', '/CN=authority of a test', '-keyout', 'ca-key.pem', '-out', 'ca.pem');
  const leaf = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'];
  const extra = ['-addext', 'basicConstraints=critical,CA:FALSE'];
  const signer = ['-CA', 'ca.pem', '-CAkey', 'ca-key.pem'];
  make(...leaf, ...extra, ...signer, '-keyout', 'privkey.pem', '-out', 'fullchain.pem');
}

interface Starting extends Omit<FrontProxy, 'from'> {
  readonly isThere: () => boolean;
}

/** Waits until it answers, whatever it answers. */
async function ready(program: Program, { isThere, ...parts }: Starting): Promise<FrontProxy> {
  const proxy: FrontProxy = {
    ...parts,
    from(localAddress, options = {}) {
      const connect = { ca: parts.authority(), lookup: toLoopback };
      const agent = new Agent({ ...options, connect, localAddress });
      onTestFinished(() => agent.destroy());
      return agent;
    },
  };
  const answers = async () => {
    if (program.hasEnded()) throw new Error(program.output());
    if (!isThere()) return false;
    const options = { origin: parts.url, path: '/healthz', method: 'GET' } as const;
    const answer = await proxy
      .from('127.0.0.1')
      .request(options)
      .catch(() => null);
    await answer?.body.dump();
    return answer !== null;
  };
  await until(answers, (is) => is, { tries: 200, everyMs: 50 });
  return proxy;
}
