import { DAY } from '../decide/time.ts';
import { ConfigError } from '../errors.ts';
import { isLoopbackUrl } from './network-kinds.ts';
import { type Circumstances, type Group, isSetting, type Setting } from './setting.ts';
import { ALL_SETTINGS, type Config, SETTINGS } from './settings.ts';
import { type Found, findSetting, type Sources } from './sources.ts';
import { warnOfMisspelt, warnOfUnread } from './unread.ts';

export interface LoadedConfig {
  readonly config: Config;
  readonly warnings: readonly string[];
}

/**
 * Reads every setting.
 * @param isTerminal standard output is a terminal, so log lines are for people
 * @throws {ConfigError} listing every mistake, with the variable, what was expected, and an example; never a
 *   secret's value
 */
export function loadConfig(sources: Sources, isTerminal: boolean): LoadedConfig {
  const read = createReader(sources, { isTerminal });
  const mistakes = [
    ...(sources.envFileMistakes ?? []),
    ...ALL_SETTINGS.flatMap((setting) => mistakeIn(read(setting))),
    ...mistakeOfShortWindow(read),
    ...mistakeOfBackups(read),
  ];
  const warnings = [
    ...(sources.envFileWarnings ?? []),
    ...warnOfMisspelt(namesIn(sources)),
    ...warnOfUnread(sources),
  ];
  if (mistakes.length > 0) throw new ConfigError(listMistakes(mistakes, warnings), { mistakes, warnings });
  const config = valuesIn<Config>(SETTINGS, (setting) => {
    const result = read(setting);
    if ('mistake' in result) throw new ConfigError(result.mistake); // never reached: there are no mistakes
    return result.value;
  });
  return { config: deepFreeze(config), warnings };
}

/** Reads a single setting; null when it is unset and has no default. @throws {ConfigError} */
export function readSetting<T>(setting: Setting<T>, sources: Sources): T | null {
  const found = findSetting(setting, sources);
  if (found === null && setting.fallback === null) return null;
  const result = evaluate(setting, found, { isTerminal: false });
  if ('mistake' in result) throw new ConfigError(result.mistake);
  return result.value;
}

type Result<T> = { readonly value: T } | { readonly mistake: string };

type Reader = <T>(setting: Setting<T>) => Result<T>;

/** Looks up each setting once: a secret's file may be a pipe, which can be read only once. */
function createReader(sources: Sources, circumstances: Circumstances): Reader {
  const looked = new Map<Setting<unknown>, Found>();
  return (setting) => {
    const found = looked.get(setting) ?? findSetting(setting, sources);
    looked.set(setting, found);
    return evaluate(setting, found, circumstances);
  };
}

function evaluate<T>(setting: Setting<T>, found: Found, circumstances: Circumstances): Result<T> {
  const { fallback, whenUnset, kind, isSecret } = setting;
  if (found !== null && 'mistake' in found) return { mistake: describe(setting, found.mistake) };
  const text = found?.text ?? fallback;
  if (text === null) {
    return whenUnset === null
      ? { mistake: describe(setting, 'it is not set') }
      : { value: whenUnset(circumstances) };
  }
  const parsed = kind.parse(text);
  if ('value' in parsed) return parsed;
  const isShown = isSecret !== true && found !== null;
  const got = isShown ? `got ${kind.show(text)}` : '';
  return { mistake: describe(setting, [got, parsed.wrong].filter((part) => part !== '').join(': ')) };
}

const mistakeIn = (result: Result<unknown>) => ('mistake' in result ? [result.mistake] : []);

function mistakeOfShortWindow(read: Reader): string[] {
  const setting = SETTINGS.policy.windowMs;
  const [window, baseUrl] = [read(setting), read(SETTINGS.linq.baseUrl)];
  if ('mistake' in window || 'mistake' in baseUrl) return [];
  if (window.value >= DAY || isLoopbackUrl(baseUrl.value)) return [];
  const why =
    'Linq ignores shares within 24 hours of the last: less than 24h works only against an API on this machine';
  return [describe(setting, why)];
}

function mistakeOfBackups(read: Reader): string[] {
  const setting = SETTINGS.backup.everyMs;
  const [every, database] = [read(setting), read(SETTINGS.database)];
  if ('mistake' in every || 'mistake' in database) return [];
  if (every.value === 0 || database.value.kind === 'sqlite') return [];
  return [
    `${setting.name}: expected 0, since it backs up SQLite only: for PostgreSQL use pg_dump or point-in-time recovery, for example ${setting.name}=0`,
  ];
}

/** The group with each setting replaced by its value. */
function valuesIn<Values>(group: Group<Values>, read: <T>(setting: Setting<T>) => T): Values {
  const readEntry = <T>(entry: Setting<T> | Group<T>): T =>
    isSetting(entry) ? read(entry) : valuesIn(entry, read);
  const values: Values = Object.create(Object.prototype); // empty at first; the type of each property is checked
  for (const key in group) values[key] = readEntry(group[key]);
  return values;
}

function describe(setting: Setting<unknown>, wrong: string): string {
  const what = wrong === '' ? '' : ` (${wrong})`;
  return `${setting.name}: expected ${setting.kind.expects}${what}, for example ${setting.example}`;
}

function listMistakes(mistakes: readonly string[], warnings: readonly string[]): string {
  const head = mistakes.length === 1 ? 'One setting is wrong:' : `${mistakes.length} settings are wrong:`;
  const hints = warnings.map((warning) => `warning: ${warning}`);
  return [head, ...mistakes.map((mistake) => `  ${mistake}`), ...hints].join('\n');
}

function namesIn({ env, envFile }: Sources): string[] {
  return [...new Set([...Object.keys(env), ...Object.keys(envFile)])];
}

function deepFreeze<T extends object>(value: T): T {
  for (const part of Object.values(value)) if (part !== null && typeof part === 'object') deepFreeze(part);
  if (value instanceof Set) {
    // freezing a set doesn't protect its members
    for (const name of ['add', 'delete', 'clear'])
      Object.defineProperty(value, name, { value: refuseChange });
  }
  return Object.freeze(value);
}

function refuseChange(): never {
  throw new TypeError('settings are read once and never changed');
}

/** A setting in effect, for people to read; never a secret's value. */
export interface ShownSetting {
  readonly name: string;
  /** Null: unset, or unknown because of a mistake. */
  readonly value: string | null;
  /** `environment`, `.env`, `NAME_FILE`, `default`, `unset`, or `mistake`: then `config check` says which. */
  readonly origin: string;
}

/** Every setting with its origin, mistakes or not. */
export function showSettings(sources: Sources): readonly ShownSetting[] {
  return ALL_SETTINGS.map((setting) => showSetting(setting, sources));
}

function showSetting(setting: Setting<unknown>, sources: Sources): ShownSetting {
  const { name, kind, fallback } = setting;
  const found = findSetting(setting, sources);
  if (found === null) return { name, value: fallback, origin: fallback === null ? 'unset' : 'default' };
  if ('mistake' in found) return { name, value: null, origin: 'mistake' };
  return { name, value: kind.show(found.text), origin: found.origin };
}
