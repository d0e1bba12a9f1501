import { readSetting } from '../../config/load.ts';
import { type HttpProxy, proxyFor } from '../../config/network-kinds.ts';
import { SETTINGS } from '../../config/settings.ts';
import { findSetting } from '../../config/sources.ts';
import { classifyAnswer } from '../../decide/outcome.ts';
import { ConfigError, UsageError } from '../../errors.ts';
import { createLinqClient, type LinqClient } from '../../linq/client.ts';
import { failureOf } from '../../setup/failure.ts';
import { adopt, type Session, waitFor } from './setup-session.ts';

export interface Account {
  /** To be closed. */
  readonly linq: LinqClient;
  readonly lines: readonly string[];
}

interface GivenKey {
  readonly text: string;
  /** In words: `LINQ_API_KEY of the environment`. */
  readonly where: string;
  readonly origin: string;
}

const { apiKey: API_KEY } = SETTINGS;

/**
 * Finds the API key and tries it; whoever sits at a terminal is asked until one is right.
 * @throws {UsageError} when there is none and nobody to ask; {ConfigError} when it is wrong; {UnreachableError}
 */
export async function setUpKey(session: Session): Promise<Account> {
  const { prompter, talk, values, report } = session;
  talk.step(1, 'API key');
  adopt(session, SETTINGS.baseUrl);
  const baseUrl = readSetting(SETTINGS.baseUrl, session.file.sources()) ?? '';
  if (baseUrl !== SETTINGS.baseUrl.fallback) talk.note(`Linq’s API is at ${baseUrl}.`);
  const proxy = findProxy(session, baseUrl);
  let given = findKey(session);
  for (;;) {
    given ??= await askForKey(session);
    const tried = await tryKey(session, given, { baseUrl, proxy });
    if (!('wrong' in tried)) {
      report.apiKey = { origin: given.origin };
      if (['--api-key-file', 'prompt'].includes(given.origin)) values[API_KEY.name] = given.text;
      adopt(session, API_KEY);
      talk.done(`Linq accepts ${given.where}.`);
      return tried;
    }
    if (prompter === null) throw tried.wrong;
    talk.warn(tried.wrong.message);
    given = null;
  }
}

/** @throws {ConfigError} */
function findProxy(session: Session, baseUrl: string): HttpProxy | null {
  const sources = session.file.sources();
  const [https, http, exempt] = [
    readSetting(SETTINGS.httpsProxy, sources),
    readSetting(SETTINGS.httpProxy, sources),
    readSetting(SETTINGS.noProxy, sources),
  ];
  const proxy = proxyFor(baseUrl, { https, http, exempt });
  if (proxy === null) return null;
  session.talk.note(`Linq is called through the proxy ${proxy.origin}.`);
  adopt(session, SETTINGS.httpsProxy);
  return proxy;
}

function findKey({ options, io, file }: Session): GivenKey | null {
  if (options.apiKeyFile !== undefined) {
    const text = readKeyFile(options.apiKeyFile, io.readFile);
    return { text, where: `the key in ${options.apiKeyFile}`, origin: '--api-key-file' };
  }
  const found = findSetting(API_KEY, file.sources());
  if (found === null) return null;
  if ('mistake' in found) throw new ConfigError(`${API_KEY.name}: ${found.mistake}.`);
  const where =
    found.origin === '.env' ? file.path : found.origin === 'environment' ? 'the environment' : found.origin;
  return { text: found.text, where: `the key of ${where}`, origin: found.origin };
}

function readKeyFile(path: string, readFile: (path: string) => string): string {
  try {
    return readFile(path).trim();
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable';
    throw new UsageError(`--api-key-file: ${path} can't be read (${code}).`, { cause: error });
  }
}

async function askForKey({ prompter, talk }: Session): Promise<GivenKey> {
  if (prompter === null) {
    throw new UsageError(
      `The API key is missing: name a file that holds it with --api-key-file, or set ${API_KEY.name}.`,
    );
  }
  talk.note('It is in the Linq dashboard, under API keys.');
  const text = await prompter.askHidden('  API key (hidden): ');
  return { text, where: 'the key', origin: 'prompt' };
}

/** @throws what isn't about the key */
async function tryKey(
  session: Session,
  { text, where }: GivenKey,
  place: { readonly baseUrl: string; readonly proxy: HttpProxy | null },
): Promise<Account | { readonly wrong: ConfigError }> {
  const parsed = API_KEY.kind.parse(text);
  if ('wrong' in parsed) {
    return {
      wrong: new ConfigError(`This can't be ${where}: expected ${API_KEY.kind.expects} (${parsed.wrong}).`),
    };
  }
  const linq = createLinqClient({
    ...place,
    apiKey: parsed.value,
    connections: 1,
    clock: session.clock,
    onDate: () => {},
  });
  const answer = await waitFor(session, linq.lines());
  if (answer.kind === 'lines') return { linq, lines: answer.lines };
  await linq.close();
  if (classifyAnswer(answer.answer).kind !== 'api_key_rejected')
    throw failureOf('try the API key', answer.answer);
  const message = `Linq rejects ${where}: look in the Linq dashboard whether it is whole and still valid.`;
  return { wrong: new ConfigError(message) };
}
