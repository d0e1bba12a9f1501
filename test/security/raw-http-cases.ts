import { answered, HOST, JSON_TYPE, POST, type RawCase, refused } from './raw-case.ts';

const GET = (target: string, version = 'HTTP/1.1') => `GET ${target} ${version}\r\n${HOST}\r\n`;
const get = (...headers: readonly string[]) => `GET /healthz HTTP/1.1\r\n${HOST}${headers.join('')}\r\n`;

/** Lines, names, values and versions that HTTP doesn't have. */
export const GRAMMAR_CASES: readonly RawCase[] = [
  refused('a bare CR in a value', get('x-a: b\rx-c: d\r\n')),
  refused('a bare CR before CRLF', get('x-a: b\r\r\n')),
  refused('bare CRs for line ends', get('x-a: b\r\n').replaceAll('\r\n', '\r')),
  refused('NUL in a value', get('x-a: b\0c\r\n')),
  refused('NUL in a name', get('x-\0a: b\r\n')),
  refused('NUL in the target', GET('/health\0z')),
  refused('a space in a name', get('x a: b\r\n')),
  refused('brackets in a name', get('x(a): b\r\n')),
  refused('a name outside ASCII', get('x-\xe9: b\r\n')),
  refused('no name', get(': b\r\n')),
  refused('no colon', get('webhook-id\r\n')),
  refused('a control character in a value', get('x-a: \x01\r\n')),
  { name: 'HTTP/0.9', bytes: 'GET /healthz\r\n', expected: 'silence' },
  { name: 'HTTP/0.9, and the end', bytes: 'GET /healthz\r\n', expected: 'refused', ending: 'half-close' },
  refused('bare LFs for line ends', get('x-a: b\r\n').replaceAll('\r\n', '\n')),
  refused('a bare LF in the head', get('x-a: b\nx-c: d\r\n')),
  refused('the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
  refused('HTTP/9.9', GET('/healthz', 'HTTP/9.9')),
  refused('HTTP/1.10', GET('/healthz', 'HTTP/1.10')),
  refused('no HTTP at all', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'),
  refused('a method in small letters', 'post /webhooks/linq HTTP/1.1\r\nhost: a\r\n\r\n'),
  refused('a method that nobody has', 'STEAL /status HTTP/1.1\r\nhost: a\r\n\r\n'),
  refused('no target', 'GET HTTP/1.1\r\nhost: a\r\n\r\n'),
  refused('two targets', 'GET /healthz /status HTTP/1.1\r\nhost: a\r\n\r\n'),
  refused('no host', 'GET /healthz HTTP/1.1\r\n\r\n'),
  refused('a header of 1 MB', get(`x-long: ${'x'.repeat(1_000_000)}\r\n`)),
  refused('10,000 headers', get(...Array.from({ length: 10_000 }, (_, n) => `x-${n}: y\r\n`))),
  refused('a name of 64 kB', get(`x${'y'.repeat(65_536)}: z\r\n`)),
  refused('a target of 1 MB', GET(`/${'x'.repeat(1_000_000)}`)),
  refused('CONNECT', 'CONNECT 169.254.169.254:80 HTTP/1.1\r\nhost: a\r\n\r\n'),
];

const CLOSE = 'connection: close\r\n';
const ask = (line: string, ...headers: readonly string[]) =>
  `${line}\r\n${HOST}${headers.join('')}${CLOSE}\r\n`;

/** Well formed, and still no way in. */
export const MEANING_CASES: readonly RawCase[] = [
  answered('TRACE', ask('TRACE / HTTP/1.1', 'x-secret: 1\r\n'), 404),
  answered('OPTIONS for all', ask('OPTIONS * HTTP/1.1'), 404),
  answered('the target *', ask('GET * HTTP/1.1'), 401),
  answered(
    'the metadata address as target',
    ask('GET http://169.254.169.254/latest/meta-data/ HTTP/1.1'),
    404,
  ),
  answered('our own path on another host', ask('GET http://169.254.169.254/status HTTP/1.1'), 401),
  answered('NUL, encoded', ask('GET /status%00 HTTP/1.1'), 404),
  answered('a slash, encoded', ask('GET /status%2fchats HTTP/1.1'), 404),
  answered('dots', ask('GET /healthz/../status HTTP/1.1'), 404),
  answered('dots, encoded', ask('GET /healthz/%2e%2e/status HTTP/1.1'), 404),
  answered('dots, encoded twice', ask('GET /%252e%252e/etc/passwd HTTP/1.1'), 404),
  answered('dots, overlong', ask('GET /%c0%ae%c0%ae/etc/passwd HTTP/1.1'), 400),
  answered('half an escape', ask('GET /status/chats/%e2%82 HTTP/1.1'), 400),
  answered('backslashes', ask('GET \\status HTTP/1.1'), 400),
  answered('two slashes', ask('GET //status HTTP/1.1'), 401),
  answered('a user name in the target', ask('GET http://a:b@reactor/status HTTP/1.1'), 401),
  answered(
    'an upgrade to websocket',
    ask('GET /status HTTP/1.1', 'upgrade: websocket\r\nsec-websocket-key: x\r\n'),
    401,
  ),
  answered(
    'an upgrade to HTTP/2',
    ask('GET /status HTTP/1.1', 'upgrade: h2c\r\nhttp2-settings: AAMAAABkAAQAAP__\r\n'),
    401,
  ),
  answered(
    'another method by header',
    ask('GET /status/pause HTTP/1.1', 'x-http-method-override: PUT\r\n'),
    404,
  ),
  answered(
    'another path by header',
    ask('GET /healthz/x HTTP/1.1', 'x-original-url: /status\r\nx-rewrite-url: /status\r\n'),
    404,
  ),
  answered(
    'an expectation that nobody has',
    ask('POST /webhooks/linq HTTP/1.1', JSON_TYPE, 'expect: the-worst\r\n'),
    417,
  ),
  refused(
    'HTTP/1.0 without a length',
    'POST /webhooks/linq HTTP/1.0\r\ncontent-type: application/json\r\n\r\n{}',
  ),
  answered('fifty pipelined', `${get().repeat(49)}${get(CLOSE)}`, ...Array<number>(50).fill(200)),
  { name: 'nothing, and the end', bytes: '', expected: 'silence', ending: 'half-close' },
  { name: 'half a head, and a reset', bytes: POST, expected: 'silence', ending: 'reset' },
  { name: 'half a head, and the end', bytes: POST, expected: 'refused', ending: 'half-close' },
  {
    name: 'half a body, and a reset',
    bytes: `${POST}content-length: 9\r\n\r\n{`,
    expected: 'silence',
    ending: 'reset',
  },
  {
    name: 'half a body, and the end',
    bytes: `${POST}content-length: 9\r\n\r\n{`,
    expected: 'refused',
    ending: 'half-close',
  },
  { name: 'a head, and silence', bytes: `${POST}content-length: 9\r\n\r\n`, expected: 'silence' },
];
