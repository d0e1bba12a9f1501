import { BlockList, isIP } from 'node:net';
import { WEBHOOK_PATH } from '../decide/subscription.ts';
import { maskNumber } from '../decide/text.ts';
import { type Kind, nameEntry, type Parsed, showLength, showShort, splitList } from './kinds.ts';

/** True when the address can't leave this machine: `localhost`, 127.0.0.0/8 or `[::1]`. */
export function isLoopbackUrl(text: string): boolean {
  const url = URL.canParse(text) ? new URL(text) : null;
  return url !== null && /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/.test(url.hostname);
}

/** Where programs on this machine reach a server that listens there. */
export function localUrl(host: string, port: number): string {
  const reachable = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
  return `http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}`;
}

/** At most scheme, host and path: user names, passwords and queries may be secrets. */
function showUrl(text: string): string {
  if (!URL.canParse(text)) return showLength(text);
  const { protocol, host, pathname } = new URL(text);
  return host === '' ? showLength(text) : `${protocol}//${host}${pathname}`;
}

/** Base of the Linq API, without a trailing slash; https, or http on loopback: each call sends the key. */
export const apiBaseUrl: Kind<string> = {
  expects: 'an https:// address (http:// for localhost only) without user name, query or fragment',
  parse(text) {
    if (!URL.canParse(text)) return { wrong: '' };
    const url = new URL(text);
    if (url.protocol === 'http:' && !isLoopbackUrl(text))
      return { wrong: 'over http the API key could be read in transit' };
    if (url.protocol !== 'https:' && url.protocol !== 'http:') return { wrong: '' };
    if (url.username !== '' || url.password !== '') return { wrong: 'it contains a user name or password' };
    if (/[?#]/.test(text)) return { wrong: 'it contains a query or fragment' };
    const path = url.pathname.replace(/\/+$/, '');
    if (path.endsWith('/v3')) return { wrong: 'leave /v3 out: it is added to every call' };
    return { value: `${url.origin}${path}` };
  },
  show: showUrl,
};

/** The address of our webhook route as Linq calls it, without query; adds the route's path if missing. */
export const publicUrl: Kind<string> = {
  expects: 'an https:// address (http:// for localhost only) without user name, query or fragment',
  parse(text) {
    const parsed = apiBaseUrl.parse(text);
    if ('wrong' in parsed) {
      return parsed.wrong.includes('API key') ? { wrong: 'Linq delivers to https only' } : parsed;
    }
    return { value: parsed.value.endsWith(WEBHOOK_PATH) ? parsed.value : parsed.value + WEBHOOK_PATH };
  },
  show: showUrl,
};

/** Where alerts go. Often the entire address is a secret, so none of it is shown. */
export const alertUrl: Kind<string> = {
  expects: 'an https:// or http:// address without fragment',
  parse(text) {
    const url = URL.canParse(text) ? new URL(text) : null;
    if (url === null || !/^https?:$/.test(url.protocol)) return { wrong: '' };
    if (url.username !== '' || url.password !== '') return { wrong: 'it contains a user name or password' };
    return url.hash === '' ? { value: url.href } : { wrong: 'it contains a fragment' };
  },
  show: (text) => `set (${showLength(text)})`,
};

export const lines: Kind<ReadonlySet<string>> = {
  expects: 'your Linq numbers in E.164 form, comma-separated',
  parse(text): Parsed<ReadonlySet<string>> {
    const entries = splitList(text);
    const wrong = entries.findIndex((entry) => !/^\+[1-9]\d{6,14}$/.test(entry));
    if (wrong !== -1) {
      return {
        wrong: `${nameEntry('number', wrong, entries.length)} isn’t + and 7 to 15 digits, without spaces or dashes`,
      };
    }
    return entries.length === 0 ? { wrong: 'the list is empty' } : { value: new Set(entries) };
  },
  show: (text) => splitList(text).map(maskNumber).join(', '),
};

/** Keys have no dots, or are longer, so a key mistaken for a host isn't printed. */
const DOMAIN = /^(?=.{1,60}$)[a-z0-9-]+(\.[a-z0-9-]+)+$/i;

/** A name with a dot, or an address: safe to print where a host is expected. */
const looksLikeHost = (text: string) =>
  text === 'localhost' || DOMAIN.test(text) || isIP(text.replace(/^\[|\]$/g, '')) !== 0;

export const host: Kind<string> = {
  expects: 'a host name or address to listen on, without scheme or port',
  parse(text) {
    const isName = /^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$/.test(text);
    return isName || isIP(text) !== 0 ? { value: text } : { wrong: '' };
  },
  show: (text) => (isIP(text) !== 0 || DOMAIN.test(text) ? text : showShort(text)),
};

const LOOPBACK_RANGES = ['127.0.0.0/8', '::1/128'] as const;

/** The ranges that an entry stands for, or what is wrong with it. */
function parseProxy(entry: string): Parsed<readonly string[]> {
  if (entry.toLowerCase() === 'loopback') return { value: LOOPBACK_RANGES };
  const [address = '', bits, ...rest] = entry.split('/');
  const family = address.includes('%') ? 0 : isIP(address); // a range with an IPv6 zone matches nothing
  if (family === 0 || rest.length > 0) return { wrong: 'isn’t an address, a range or loopback' };
  if (bits === undefined) return { value: [entry] };
  if (!/^\d{1,3}$/.test(bits) || Number(bits) > (family === 4 ? 32 : 128))
    return { wrong: 'has a wrong prefix length' };
  return Number(bits) === 0 ? { wrong: 'would trust every address' } : { value: [entry] };
}

/** Whose `X-Forwarded-For` is trusted: no one's, or that of proxies in these ranges. */
export const trustProxy: Kind<false | readonly string[]> = {
  expects: 'false, loopback, or the addresses or CIDR ranges of your proxies, comma-separated',
  parse(text) {
    if (/^false$/i.test(text)) return { value: false };
    if (/^true$/i.test(text)) return { wrong: 'true would trust an address that any client can forge' };
    if (/^\d+$/.test(text)) {
      return {
        wrong:
          'a hop count can’t tell your proxy from a client that connects directly, so name the proxy’s address',
      };
    }
    const ranges: string[] = [];
    const entries = splitList(text);
    for (const [index, entry] of entries.entries()) {
      const parsed = parseProxy(entry);
      if ('wrong' in parsed) return { wrong: `${nameEntry('entry', index, entries.length)} ${parsed.wrong}` };
      ranges.push(...parsed.value);
    }
    return ranges.length === 0 ? { wrong: 'the list is empty' } : { value: ranges };
  },
  show: (text) => ('value' in trustProxy.parse(text) ? text : showShort(text)),
};

/** The proxy that calls go through. */
export interface HttpProxy {
  /** Scheme, host and port; contains no secret. */
  readonly origin: string;
  /** The value of `Proxy-Authorization`; a secret. Null: the proxy needs none. */
  readonly authorization: string | null;
}

export interface Proxies {
  /** The proxies for https and for http addresses. */
  readonly https: HttpProxy | null;
  readonly http: HttpProxy | null;
  /** What is called directly anyway; null: nothing. */
  readonly exempt: readonly string[] | null;
}

/**
 * The proxy for an address, chosen as curl does; null: none. This machine is never called through a proxy:
 * plain text sent to it, including the API key, would leave the machine.
 */
export function proxyFor(address: string, { https, http, exempt }: Proxies): HttpProxy | null {
  if (isLoopbackUrl(address)) return null;
  const url = new URL(address);
  return (exempt ?? []).some((entry) => covers(entry, url)) ? null : url.protocol === 'https:' ? https : http;
}

/** A host with all its subdomains, an address, or a range, each with an optional port. `*` is everything. */
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

/** Without the brackets of an IPv6 address, and the final dot of a full name. */
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
    'the address of an HTTP proxy: http:// or https://, user name and password if it requires them, host and port',
  parse(text): Parsed<HttpProxy> {
    const written = SCHEME.test(text) ? text : `http://${text}`;
    if (!URL.canParse(written)) return { wrong: text.includes('@') ? ESCAPES : '' };
    const { protocol, hostname, origin, pathname, search, hash, username, password } = new URL(written);
    if (protocol !== 'http:' && protocol !== 'https:')
      return { wrong: 'only http and https proxies are supported' };
    if (hostname === '') return { wrong: 'it names no host' };
    if (pathname.length > 1 || search !== '' || hash !== '')
      return { wrong: text.includes('@') ? ESCAPES : 'nothing may follow the port' };
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

/** Other programs read it too, each a little differently. Entries that we can't parse are left to them. */
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
