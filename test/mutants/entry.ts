import type { Mutant } from './mutant.ts';

const CONSTANT_TIME = 'test/unit/constant-time.test.ts';
const ACCESS = 'test/integration/http/access.test.ts';
const UNVERIFIED = 'test/integration/webhook/unverified.test.ts';

/** What keeps strangers out. */
export const ENTRY: readonly Mutant[] = [
  {
    name: 'signatures compared with ===',
    edits: [
      {
        file: 'src/webhook/verify.ts',
        find: 'timingSafeEqual(candidate, expected)',
        replace: "candidate.toString('hex') === expected.toString('hex')",
      },
    ],
    suite: { file: CONSTANT_TIME, test: 'compares every signature with every secret' },
  },
  {
    name: 'signatures compared up to the first match',
    edits: [
      {
        file: 'src/webhook/verify.ts',
        find: 'if (timingSafeEqual(candidate, expected) && found === -1) found = index;',
        replace: 'if (found === -1 && timingSafeEqual(candidate, expected)) found = index;',
      },
    ],
    suite: { file: CONSTANT_TIME, test: 'compares every signature with every secret' },
  },
  {
    name: 'tokens compared with ===',
    edits: [
      {
        file: 'src/http/access.ts',
        find: 'timingSafeEqual(digest(presented), digest(expected))',
        replace: 'presented === expected',
      },
    ],
    suite: { file: CONSTANT_TIME, test: 'compares tokens in constant time' },
  },
  {
    name: 'a delivery is parsed before it is verified',
    edits: [
      {
        file: 'src/webhook/receive.ts',
        find: 'let verified: Verified;\n    try {',
        replace: 'let verified: Verified;\n    deps.parse(raw);\n    try {',
      },
    ],
    suite: { file: UNVERIFIED, test: 'a message that nobody we know has signed' },
  },
  {
    name: 'a second more of tolerance',
    edits: [
      {
        file: 'src/webhook/verify.ts',
        find: 'Math.abs(ageSeconds) <= toleranceSeconds',
        replace: 'Math.abs(ageSeconds) <= toleranceSeconds + 1',
      },
    ],
    suite: { file: 'test/unit/webhook/verify.test.ts' },
  },
  {
    name: 'a page of another site may change something with the password that a browser knows',
    edits: [
      {
        file: 'src/http/access.ts',
        find: "headers['sec-fetch-site'] !== 'same-origin'",
        replace: "headers['sec-fetch-site'] === 'cross-site'",
      },
    ],
    suite: { file: ACCESS, test: 'takes no change under Basic' },
  },
  {
    name: 'the command line’s token is taken from any machine',
    edits: [{ file: 'src/http/access.ts', find: 'isLoopback(address) && ', replace: '' }],
    suite: { file: ACCESS, test: 'takes the command line token from this machine only' },
  },
  {
    name: 'bytes in flight are not given back',
    edits: [
      {
        file: 'src/webhook/route.ts',
        find: 'if (held !== null) inFlight.giveBack(held.sender, held.taken);',
        replace: '',
      },
    ],
    suite: {
      file: 'test/integration/webhook/in-flight.test.ts',
      test: 'fit again as soon as one was answered',
    },
  },
  {
    name: 'a turn of the event loop handles every request that has arrived',
    edits: [{ file: 'src/http/server.ts', find: '  handleOnePerTurn(app.server);\n', replace: '' }],
    suite: {
      file: 'test/integration/http/server.test.ts',
      test: 'accepts another connection before it handles the next request',
    },
  },
  {
    name: 'requests that wait are handled in one go',
    edits: [
      {
        file: 'src/http/request-turns.ts',
        find: 'else useTurn(...next);',
        replace: 'else for (const each of [next, ...waiting.splice(0)]) useTurn(...each);',
      },
    ],
    suite: {
      file: 'test/integration/webhook/limits.test.ts',
      test: 'WEBHOOK_RATE_LIMIT counts each delivery before it sees the next one',
    },
  },
];
