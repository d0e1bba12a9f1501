import { readSetting } from '../../config/load.ts';
import { type HttpProxy, lines as linesKind, proxyFor } from '../../config/network-kinds.ts';
import { SETTINGS } from '../../config/settings.ts';
import { findSetting } from '../../config/sources.ts';
import type { NewCard } from '../../decide/linq-api.ts';
import { classifyAnswer } from '../../decide/outcome.ts';
import { WEBHOOK_PATH } from '../../decide/subscription.ts';
import { linesNamed, maskAmong, maskNumber } from '../../decide/text.ts';
import { ConfigError, UsageError } from '../../errors.ts';
import { createLinqClient, type LinqClient } from '../../linq/client.ts';
import { cardsOf, createCard, type LineCard } from '../../setup/cards.ts';
import { failureOf } from '../../setup/failure.ts';
import { PROBLEM_WORDS } from '../../status/problems/problem-words.ts';
import { adopt, confirm, find, pause, type Session, waitFor } from './setup-session.ts';

interface Account {
  /** The caller must close it. */
  readonly linq: LinqClient;
  readonly lines: readonly string[];
}

interface GivenKey {
  readonly text: string;
  /** In words: `LINQ_API_KEY of the environment`. */
  readonly where: string;
  readonly origin: string;
}

const API_KEY = SETTINGS.linq.apiKey;

/**
 * Finds the API key and tries it; on a terminal, asks until a key works.
 * @throws {UsageError} when there is no key and no one to ask; {ConfigError} when it is wrong;
 * {UnreachableError}
 */
export async function setUpKey(session: Session): Promise<Account> {
  const { prompter, talk, values, report } = session;
  talk.step(1, 'API key');
  adopt(session, SETTINGS.linq.baseUrl);
  const baseUrl = readSetting(SETTINGS.linq.baseUrl, session.file.sources()) ?? '';
  if (baseUrl !== SETTINGS.linq.baseUrl.fallback) talk.note(`Linq’s API is at ${baseUrl}.`);
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
    readSetting(SETTINGS.proxies.https, sources),
    readSetting(SETTINGS.proxies.http, sources),
    readSetting(SETTINGS.proxies.exempt, sources),
  ];
  const proxy = proxyFor(baseUrl, { https, http, exempt });
  if (proxy === null) return null;
  session.talk.note(`Linq is called through the proxy ${proxy.origin}.`);
  adopt(session, SETTINGS.proxies.https);
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
  return { text: found.text, where: `the key from ${where}`, origin: found.origin };
}

function readKeyFile(path: string, readFile: (path: string) => string): string {
  try {
    return readFile(path).trim();
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable';
    throw new UsageError(`--api-key-file: ${path} can’t be read (${code}).`, { cause: error });
  }
}

async function askForKey({ prompter, talk }: Session): Promise<GivenKey> {
  if (prompter === null) {
    throw new UsageError(`The API key is missing: give a file with --api-key-file, or set ${API_KEY.name}.`);
  }
  talk.note('It is in the Linq dashboard, under API keys.');
  const text = await prompter.askHidden('  API key (hidden): ');
  return { text, where: 'the key', origin: 'prompt' };
}

/** @throws for failures other than a wrong key */
async function tryKey(
  session: Session,
  { text, where }: GivenKey,
  place: { readonly baseUrl: string; readonly proxy: HttpProxy | null },
): Promise<Account | { readonly wrong: ConfigError }> {
  const parsed = API_KEY.kind.parse(text);
  if ('wrong' in parsed) {
    return {
      wrong: new ConfigError(`Can’t use ${where}: expected ${API_KEY.kind.expects} (${parsed.wrong}).`),
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
  const message = `Linq rejects ${where}: check in the Linq dashboard that it is complete and valid.`;
  return { wrong: new ConfigError(message) };
}

/**
 * Shows the account's lines and cards, lets the user choose among them, and creates the requested cards.
 * @returns the lines on which the card is to be shared
 */
export async function setUpLines(session: Session, { linq, lines }: Account): Promise<readonly string[]> {
  const { talk, report, showLine } = session;
  session.lines.push(...lines);
  talk.step(2, 'Lines and contact cards');
  const answer = await waitFor(session, linq.contactCards(null));
  if (answer.kind === 'failed') throw failureOf('read the contact cards', answer.answer);
  let cards: readonly LineCard[] = cardsOf(lines, answer.cards);
  if (cards.length === 0) {
    find(session, {
      code: 'lines_none',
      message: 'This account has no lines.',
      remedy: 'Get one in the Linq dashboard, then run setup again.',
    });
  } else {
    const rows = cards.map(({ line, card }, index) => [String(index + 1), showLine(line), card]);
    talk.table(['#', 'LINE', 'CARD'], rows);
  }
  const chosen = await chooseLines(session, lines);
  const isChosen = (line: string) => chosen.includes(line);
  const wanted = linesForCards(session, lines);
  const created: LineCard[] = [];
  for (const one of cards) {
    const isWanted = wanted.includes(one.line);
    created.push(isWanted || isChosen(one.line) ? await offerCard(session, linq, one, isWanted) : one);
  }
  cards = created;
  report.lines = cards.map(({ line, card }) => ({ line: showLine(line), card, isChosen: isChosen(line) }));
  reportCards(
    session,
    cards.filter(({ line }) => isChosen(line)),
  );
  return chosen;
}

async function chooseLines(session: Session, all: readonly string[]): Promise<readonly string[]> {
  const { options, values, file, talk, prompter, showLine } = session;
  const { name } = SETTINGS.policy.lines;
  const before = readSetting(SETTINGS.policy.lines, file.sources());
  if (options.lines !== undefined) {
    const chosen = parseChoice(options.lines, all);
    if (typeof chosen === 'string') throw new UsageError(`--lines: ${chosen}.`);
    values[name] = chosen === null ? null : chosen.join(',');
    return chosen ?? all;
  }
  if (before !== null) {
    adopt(session, SETTINGS.policy.lines);
    const unknown = [...before].filter((line) => !all.includes(line));
    if (unknown.length > 0) {
      find(session, {
        code: 'lines_unknown',
        message: `${name} names lines that this account doesn’t have: ${unknown.map(showLine).join(', ')}.`,
        remedy: 'Correct it with --lines.',
      });
    }
    const chosen = all.filter((line) => before.has(line));
    talk.note(`Sharing on ${chosen.map(showLine).join(', ') || 'none of them'}, as set in ${name}.`);
    return chosen;
  }
  if (prompter === null || options.yes === true || all.length < 2) return all;
  for (;;) {
    const chosen = parseChoice(await prompter.ask('  Which lines? Numbers, or Enter for all: '), all);
    if (typeof chosen === 'string') {
      talk.warn(`${chosen}.`);
      continue;
    }
    if (chosen !== null) values[name] = chosen.join(',');
    return chosen ?? all;
  }
}

/** Parses a choice of lines, by table position or number, in full or as shown; null: all; a string: what is wrong. */
export function parseChoice(text: string, all: readonly string[]): readonly string[] | null | string {
  if (text.trim() === '' || text.trim().toLowerCase() === 'all') return null;
  const numbers: string[] = [];
  for (const part of text.split(/[\s,]+/).filter((one) => one !== '')) {
    const found = linesNamed(part, all);
    if (found.length > 1) return several(found, all);
    numbers.push(found[0] ?? (/^\d{1,3}$/.test(part) ? all[Number(part) - 1] : null) ?? part);
  }
  const parsed = linesKind.parse(numbers.join(','));
  if ('wrong' in parsed) return `expected ${linesKind.expects}, or all (${parsed.wrong})`;
  const foreign = [...parsed.value].filter((line) => !all.includes(line)).map(maskNumber);
  if (foreign.length > 0)
    return `${foreign.join(', ')} ${foreign.length === 1 ? 'isn’t' : 'aren’t'} on this account`;
  return [...parsed.value];
}

const several = (found: readonly string[], all: readonly string[]) =>
  `several lines match: ${found.map((line) => maskAmong(line, all)).join(', ')}; name one like that, or by its full number`;

/** The lines of `--create-card`. @throws {UsageError} before any card is created, if one is requested where none can be */
function linesForCards({ options, prompter, showLine }: Session, all: readonly string[]): readonly string[] {
  const wanted = options.createCard ?? [];
  if (wanted.length > 0 && options.firstName === undefined && prompter === null)
    throw new UsageError('The name on the card is missing: give it with --first-name.');
  return wanted.map((name) => {
    const found = linesNamed(name, all);
    const [line] = found;
    if (found.length > 1) throw new UsageError(`--create-card: ${several(found, all)}.`);
    if (line === undefined) throw new UsageError(`--create-card: ${showLine(name)} isn’t on this account.`);
    return line;
  });
}

/** Creates the line's card if requested, on the command line or interactively. */
async function offerCard(
  session: Session,
  linq: LinqClient,
  one: LineCard,
  isWanted: boolean,
): Promise<LineCard> {
  const { options, talk, showLine } = session;
  const { line, card } = one;
  if (isWanted && card === 'active')
    talk.note(`${showLine(line)} has an active card already: nothing to create.`);
  if (card === 'active' || (!isWanted && card === 'inactive')) return one;
  if (!isWanted && !(await confirm(session, `Create a card for ${showLine(line)}?`, false))) return one;
  const wanted = await describeCard(session, line);
  if (options.dryRun === true) {
    talk.note(`Would create the card of ${showLine(line)}.`);
    return one;
  }
  const ports = { linq, pause: (ms: number) => pause(session, ms), notify: talk.note };
  const state = await waitFor(session, createCard(ports, wanted));
  if (state === 'active') talk.done(`${showLine(line)} now has an active card.`);
  else talk.done(`${showLine(line)} now has a card; Linq is still activating it.`);
  return { line, card: state };
}

async function describeCard({ options, prompter, talk }: Session, line: string): Promise<NewCard> {
  const { firstName, lastName, imageUrl } = options;
  if (firstName !== undefined || prompter === null)
    return assemble(line, firstName ?? '', lastName, imageUrl);
  let typed = '';
  while (typed === '') typed = await prompter.ask('  First name on the card: ');
  const last = lastName ?? (await prompter.ask('  Last name (Enter: none): '));
  let image = imageUrl ?? (await prompter.ask('  Image address (Enter: none): '));
  while (image !== '' && !isHttps(image)) {
    talk.warn(`${HTTPS_WANTED}.`);
    image = await prompter.ask('  Image address (Enter: none): ');
  }
  return assemble(line, typed, last, image);
}

function assemble(line: string, firstName: string, lastName = '', imageUrl = ''): NewCard {
  return {
    line,
    firstName,
    ...(lastName === '' ? {} : { lastName }),
    ...(imageUrl === '' ? {} : { imageUrl }),
  };
}

export const HTTPS_WANTED = 'expected the https:// address of a public image: Linq copies it';
export const isHttps = (text: string) => URL.canParse(text) && new URL(text).protocol === 'https:';

/** Reports lines whose card can't be shared, and what to do about it. */
function reportCards(session: Session, cards: readonly LineCard[]): void {
  const { showLine } = session;
  const of = (state: LineCard['card']) =>
    cards.filter(({ card }) => card === state).map(({ line }) => showLine(line));
  const missing = of('missing');
  const inactive = of('inactive');
  if (missing.length > 0) {
    find(session, {
      code: 'card_missing',
      message: `No contact card, so nothing can be shared: ${missing.join(', ')}.`,
      remedy: PROBLEM_WORDS.card_missing.remedy,
    });
  }
  if (inactive.length > 0) {
    find(session, {
      code: 'card_inactive',
      message: `The contact card isn’t active yet, so nothing is shared: ${inactive.join(', ')}.`,
      remedy: PROBLEM_WORDS.card_inactive.remedy,
    });
  }
}

const { publicUrl: PUBLIC_URL } = SETTINGS;
/**
 * Finds the URL at which Linq reaches the service.
 * @returns the address of the webhook route, without a query
 * @throws {UsageError} when it isn't given; {ConfigError} when the settings have it wrong
 */
export async function setUpUrl(session: Session): Promise<string> {
  const { options, talk, values, report } = session;
  talk.step(3, 'Public URL');
  const fromFlag = readUrlFlag(options);
  const before = readIfSet(session);
  adopt(session, PUBLIC_URL);
  const webhookUrl = fromFlag ?? before ?? (await askForUrl(session));
  if (webhookUrl !== before) values[PUBLIC_URL.name] = webhookUrl.slice(0, -WEBHOOK_PATH.length);
  report.webhookUrl = webhookUrl;
  talk.done(`Linq will deliver to ${webhookUrl}.`);
  return webhookUrl;
}

/** Null: not given. @throws {UsageError} */
export function readUrlFlag({ publicUrl }: Session['options']): string | null {
  const parsed = publicUrl === undefined ? null : parseUrl(publicUrl);
  if (parsed === null || typeof parsed === 'string') return parsed;
  throw new UsageError(`--public-url: ${parsed.wrong}`);
}

/** A wrong setting doesn't matter if a correct URL was given. @throws {ConfigError} */
function readIfSet({ file, options }: Session): string | null {
  const found = findSetting(PUBLIC_URL, file.sources());
  if (found === null) return null;
  const isReplaced =
    options.publicUrl !== undefined && ('mistake' in found || 'wrong' in PUBLIC_URL.kind.parse(found.text));
  return isReplaced ? null : readSetting(PUBLIC_URL, file.sources());
}

async function askForUrl({ prompter, talk }: Session): Promise<string> {
  if (prompter === null)
    throw new UsageError(`The public URL is missing: give it with --public-url, or set ${PUBLIC_URL.name}.`);
  talk.note('Where Linq reaches this service from the internet, over HTTPS.');
  for (;;) {
    const parsed = parseUrl(await prompter.ask('  Public URL: '));
    if (typeof parsed === 'string') return parsed;
    talk.warn(parsed.wrong);
  }
}

/** Input without a scheme means https. */
export function parseUrl(text: string): string | { readonly wrong: string } {
  const trimmed = text.trim();
  const whole = /^[a-z0-9.-]+\.[a-z]{2,}(:\d+)?(\/|$)/i.test(trimmed) ? `https://${trimmed}` : trimmed;
  const parsed = PUBLIC_URL.kind.parse(whole);
  if ('value' in parsed) return parsed.value;
  const why = parsed.wrong === '' ? '' : ` (${parsed.wrong})`;
  return { wrong: `Expected ${PUBLIC_URL.kind.expects}${why}, for example https://cards.example.com.` };
}
