import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ExitCode } from '../../../src/cli/io.ts';
import { runVerb } from '../status/api/verbs-harness.ts';

/** What a verb does in each situation that all verbs share. Null: the situation can't arise. */
export interface VerbCase {
  /** Beyond the verb itself. */
  readonly args?: readonly string[];
  /** With `--json` beside a running service: what it ends with. Null: it prints no JSON. */
  readonly json: ExitCode | null;
  /** With a setting that is wrong. */
  readonly misconfigured: ExitCode | null;
  /** When no service answers. */
  readonly unreachable: ExitCode | null;
}

/** Of all that talk to the service over HTTP. */
const steering = (args: readonly string[] = [], json: ExitCode = 0): VerbCase => ({
  args,
  json,
  misconfigured: 3,
  unreachable: 5,
});
/** Of those that work on files alone. */
const local = (args: readonly string[] = [], json: ExitCode | null = 0): VerbCase => ({
  args,
  json,
  misconfigured: 3,
  unreachable: null,
});
/** Any JSON, wherever the verb runs. */
const BODY = fileURLToPath(new URL('../../../package.json', import.meta.url));
const NEEDS_NOTHING: VerbCase = { json: null, misconfigured: null, unreachable: null };

/** Every verb, so that a new one has to say how it behaves. */
export const VERB_CASES: Readonly<Record<string, (place: Place) => VerbCase>> = {
  serve: () => local([], null),
  demo: () => NEEDS_NOTHING, // its JSON comes after three played days: seen in its own tests
  setup: ({ directory }) => ({
    args: [
      '--dry-run',
      '--yes',
      '--no-check',
      '--public-url',
      'http://127.0.0.1:9',
      '--env-file',
      join(directory, '.env'),
    ],
    json: 0,
    misconfigured: null, // it is there to write settings
    unreachable: null,
  }),
  doctor: () => ({ args: ['--no-round-trip'], json: 0, misconfigured: 3, unreachable: 5 }),
  status: () => steering(),
  'chat list': () => steering(),
  'chat show': ({ chatId }) => steering([chatId]),
  'chat share': ({ chatId }) => steering([chatId]),
  'chat hold': ({ chatId }) => steering([chatId]),
  'chat release': ({ chatId }) => steering([chatId]),
  'line list': () => steering(),
  'line release': ({ line }) => steering([line]),
  pause: () => steering(),
  resume: () => steering(),
  'catch-up': () => steering(),
  'quarantine list': () => steering(),
  'quarantine replay': () => steering(),
  'event sign': () => ({ args: ['--example', 'probe'], json: 0, misconfigured: null, unreachable: null }),
  'event send': () => steering(['--example', 'probe']),
  'event verify': () => ({
    args: [BODY, '--header', 'content-type: application/json'], // without a signature
    json: 1,
    misconfigured: null,
    unreachable: null,
  }),
  'config show': () => ({ json: 0, misconfigured: 0, unreachable: null }), // it shows what is wrong as well
  'config check': () => local(),
  healthcheck: () => steering(),
  simulate: () => NEEDS_NOTHING,
  backup: ({ directory }) => local([join(directory, 'copy.db')]),
  restore: ({ directory }) => local([join(directory, 'copy.db')], null), // wants the service stopped: in its own tests
  migrate: () => local(['--check']),
  completion: () => ({ ...NEEDS_NOTHING, args: ['bash'] }),
};

/** What verbs are about. */
export interface Place {
  readonly directory: string;
  readonly chatId: string;
  readonly line: string;
}

/** All verbs that the program has, subverbs included, as its own completion knows them. */
export async function listVerbs(): Promise<readonly string[]> {
  const { out } = await runVerb(['completion', 'bash']);
  const paths = [...out.matchAll(/^ {4}'\/(\S+)'\) words=/gm)].map(([, path]) =>
    (path ?? '').replaceAll('/', ' '),
  );
  return paths.filter((path) => !paths.some((other) => other.startsWith(`${path} `)));
}
