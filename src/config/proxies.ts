import { BlockList, isIP } from 'node:net';
import { type Kind, type Parsed, showLength, showShort } from './kinds.ts';
import { isLoopbackUrl, looksLikeHost } from './network-kinds.ts';

/** Where calls go first that leave by a proxy. */
export interface HttpProxy {
  /** Scheme, host and port; holds no secret. */
  readonly origin: string;
  /** The value of `Proxy-Authorization`; a secret. Null: it wants none. */
  readonly authorization: string | null;
}

export interface Proxies {
  /** For addresses that begin with https, and with http. */
  readonly https: HttpProxy | null;
  readonly http: HttpProxy | null;
  /** What is called directly all the same; null: nothing. */
  readonly exempt: readonly string[] | null;
}

/**
 * The proxy by which an address is called, as curl chooses; null: none. This machine itself is never called by a proxy:
 * what travels there in the clear, the API key included, would leave it.
 */
export function proxyFor(address: string, { https, http, exempt }: Proxies): HttpProxy | null {
  if (isLoopbackUrl(address)) return null;
  const url = new URL(address);
  return (exempt ?? []).some((entry) => covers(entry, url)) ? null : url.protocol === 'https:' ? https : http;
}

/** A host, with all names below it; an address or a range of them; each may name a port. `*` is everything. */
function covers(entry: string, url: URL): boolean {
  if (entry === '*') return true;
  const host = bare(url.hostname);
  const [, name = entry, port] = isIP(bare(entry)) === 6 ? [] : (/^(.*):(\d+)$/.exec(entry) ?? []);
  if (port !== undefined && Number(port) !== portOf(url)) return false;
  const [net = '', bits] = name.split('/');
  if (isIP(host) !== 0) return bits === undefined ? bare(name) === host : isInRange(host, bare(net), bits);
  const domain = name.replace(/^\*?\.|\.$/g, '');
  return host === domain || (domain !== '' && host.endsWith(`.${domain}`));
}

/** Without the brackets of an IPv6 address, and the dot that ends a full name. */
const bare = (host: string) => host.toLowerCase().replace(/^\[|\]$|\.$/g, '');

const portOf = ({ port, protocol }: URL) => Number(port) || (protocol === 'https:' ? 443 : 80);

function isInRange(host: string, net: string, bits: string): boolean {
  const family = isIP(net);
  const most = family === 4 ? 32 : 128;
  if (family === 0 || family !== isIP(host) || !/^\d{1,3}$/.test(bits) || Number(bits) > most) return false;
  const range = new BlockList();
  const type = family === 4 ? 'ipv4' : 'ipv6';
  range.addSubnet(net, Number(bits), type);
  return range.check(host, type);
}

const ESCAPES = 'in its user name and password write / as %2F, ? as %3F, # as %23, @ as %40 and % as %25';

const SCHEME = /^[a-z][a-z0-9+.-]*:\/\//i;

export const proxyUrl: Kind<HttpProxy> = {
  expects:
    'the address of an HTTP proxy: http:// or https://, user name and password if it wants them, host and port',
  parse(text): Parsed<HttpProxy> {
    const written = SCHEME.test(text) ? text : `http://${text}`;
    if (!URL.canParse(written)) return { wrong: text.includes('@') ? ESCAPES : '' };
    const { protocol, hostname, origin, pathname, search, hash, username, password } = new URL(written);
    if (protocol !== 'http:' && protocol !== 'https:')
      return { wrong: 'only proxies that are spoken to by http or https can be used' };
    if (hostname === '') return { wrong: 'it names no host' };
    if (pathname.length > 1 || search !== '' || hash !== '')
      return { wrong: text.includes('@') ? ESCAPES : 'it goes on after the port' };
    if (username === '' && password === '') return { value: { origin, authorization: null } };
    try {
      const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
      return { value: { origin, authorization: `Basic ${Buffer.from(pair).toString('base64')}` } };
    } catch {
      return { wrong: ESCAPES };
    }
  },
  show(text) {
    const parsed = proxyUrl.parse(text);
    if ('wrong' in parsed) return showLength(text);
    const { origin, authorization } = parsed.value;
    // a key in the wrong variable would be a host without a scheme
    if (!SCHEME.test(text) && !looksLikeHost(new URL(origin).hostname)) return showLength(text);
    return authorization === null ? origin : `${origin} (with a password)`;
  },
};

/** Other programs read it, too, each a little differently: what we can't make sense of is left to them. */
export const exemptHosts: Kind<readonly string[]> = {
  expects: 'hosts, addresses or CIDR ranges that are called directly, comma-separated, or *',
  parse: (text) => ({ value: entriesIn(text).map((entry) => entry.toLowerCase()) }),
  show(text) {
    const isHost = (entry: string) =>
      showShort(entry) === entry || looksLikeHost(entry.replace(/^\*?\.|(:|\/)\d+$/g, ''));
    return entriesIn(text).every(isHost) ? text : showLength(text);
  },
};

const entriesIn = (text: string) => text.split(/[\s,]+/).filter((entry) => entry !== '');
