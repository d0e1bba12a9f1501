import type { Setting } from '../config/setting.ts';
import { ALL_SETTINGS, SETTINGS } from '../config/settings.ts';
import { findSetting, parseEnvFile, type Sources, type Variables } from '../config/sources.ts';
import { ConfigError, SetupError } from '../errors.ts';
import {
  type Assignment,
  editEnvFile,
  findSecretOwner,
  noteSecretOwner,
  UnwritableSetting,
} from './env-edit.ts';
import { makePrivate, modeInDigits, modeOf, writePrivateFile } from './private-file.ts';

/** Settings by name; null: to be absent from the file. */
export type Values = Readonly<Record<string, string | null>>;

export interface SettingsFileOptions {
  readonly path: string;
  readonly env: Variables;
  /** @throws as `fs.readFileSync` */
  readonly readFile: (path: string) => string;
}

/** The `.env` file during setup. */
export interface SettingsFile {
  readonly path: string;
  /** Settings as the service will read them: the environment, then the current file. */
  sources(): Sources;
  /** What is wrong with existing lines. */
  readonly mistakes: readonly string[];
  /** The original permission bits, if others than the owner could read it; else null. */
  readonly openMode: string | null;
  /**
   * Which of these would change the file.
   * @throws {SetupError} when it can't hold them; {ConfigError} when they conflict with other variables
   */
  changes(values: Values): readonly string[];
  /** Writes them with mode 0600, even if nothing changes. @throws {SetupError} and leaves the file unchanged */
  write(values: Values): void;
  /**
   * Puts a new signing secret before the existing ones and notes its subscription. Writes to the file that
   * holds the secrets: this one, or the one in LINQ_WEBHOOK_SECRET_FILE.
   * @throws as `write`
   */
  writeSecret(secret: string, subscriptionId: string, others: readonly string[]): void;
  /** Closes the file to others when nothing else had to be written. @throws {SetupError} */
  shut(): void;
  /** The subscription to which this secret belongs, if noted. */
  ownerOf(secret: string): string | null;
  /** Those of these settings that the service will read differently, because the environment wins. */
  overridden(values: Values): readonly string[];
}

/** @throws {ConfigError} when the file exists but can't be read */
export function openSettingsFile({ path, env, readFile }: SettingsFileOptions): SettingsFile {
  const before = readText(path, readFile);
  if (parseEnvFile(before ?? '').isBinary)
    throw new ConfigError(`The settings file ${path} isn’t UTF-8 text (is it UTF-16?): save it as UTF-8.`);
  let text = before ?? '';
  const sourcesOf = (content: string): Sources => ({
    env,
    envFile: parseEnvFile(content).variables,
    readFile,
  });
  const edit = (values: Values): string => {
    const edited = attempt(path, () => editEnvFile(text === '' ? HEADER : text, assignmentsOf(values)));
    for (const name of Object.keys(values)) {
      const found = findSetting(settingNamed(name), sourcesOf(edited));
      if (found !== null && 'mistake' in found) throw new ConfigError(`${name}: ${found.mistake}.`);
    }
    return edited;
  };
  const write = (content: string): void => {
    attempt(path, () => writePrivateFile(path, content));
    text = content;
  };
  const mode = before === null ? null : modeOf(path);
  const secretFile = () => nameOfSecretFile({ env, text });

  return {
    path,
    sources: () => sourcesOf(text),
    mistakes: parseEnvFile(text).brokenLines.map(
      (line) => `${path}, line ${line}, is neither a setting nor a comment.`,
    ),
    openMode: mode !== null && (mode & 0o077) !== 0 ? modeInDigits(mode) : null,
    changes(values) {
      edit(values);
      const { variables } = parseEnvFile(text);
      return Object.keys(values).filter((name) => (variables[name] ?? null) !== values[name]);
    },
    write: (values) => write(edit(values)),
    writeSecret(secret, subscriptionId, others) {
      const all = [secret, ...others.filter((other) => other !== secret)].join(',');
      const file = secretFile();
      if (file !== null) attempt(file, () => writePrivateFile(file, `${all}\n`));
      const edited = file === null ? edit({ [SETTINGS.webhook.secrets.name]: all }) : text;
      if (edited !== '') write(noteSecretOwner(edited, secret, subscriptionId));
    },
    shut() {
      if (before !== null) attempt(path, () => makePrivate(path));
    },
    ownerOf: (secret) => findSecretOwner(text, secret),
    overridden: (values) =>
      Object.entries(values).flatMap(([name, value]) => {
        const found = findSetting(settingNamed(name), sourcesOf(text));
        return found !== null && 'text' in found && found.text !== value ? [name] : [];
      }),
  };
}

const HEADER = '# Settings of contact-card-reactor, written by its setup; .env.example explains each one.\n';

function readText(path: string, readFile: (path: string) => string): string | null {
  try {
    return readFile(path);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null;
    throw new ConfigError(`The settings file ${path} can’t be read (${codeOf(error)}).`, { cause: error });
  }
}

function assignmentsOf(values: Values): Assignment[] {
  return Object.entries(values).map(([name, value]) => {
    const { aliases, isSecret } = settingNamed(name);
    const names = [name, ...aliases];
    const files = isSecret ? names.map((one) => `${one}_FILE`) : [];
    return { name, value, aliases: [...aliases, ...files] };
  });
}

function settingNamed(name: string): Setting<unknown> {
  const setting = ALL_SETTINGS.find((one) => one.name === name);
  if (setting === undefined) throw new TypeError(`no setting ${name}`);
  return setting;
}

/** The path in LINQ_WEBHOOK_SECRET_FILE, which overrides nothing but stands for the secret; null: unset. */
function nameOfSecretFile({ env, text }: { env: Variables; text: string }): string | null {
  const name = `${SETTINGS.webhook.secrets.name}_FILE`;
  const path = env[name]?.trim() || parseEnvFile(text).variables[name]?.trim();
  return path === undefined || path === '' ? null : path;
}

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : 'unreadable';

/** @throws {SetupError} in place of system errors */
function attempt<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof UnwritableSetting) throw new SetupError(`Can’t write ${path}: ${error.message}.`);
    const advice = ADVICE[codeOf(error)] ?? 'check its directory, owner and mode';
    throw new SetupError(`Can’t write ${path} (${codeOf(error)}): ${advice}.`, { cause: error });
  }
}

const ADVICE: Readonly<Record<string, string>> = {
  EPERM: 'it belongs to another user, so run setup as that user',
  EBUSY: 'it is mounted as a single file, so mount its directory instead',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the quota is used up',
  EFBIG: 'files may not be that large here',
  EROFS: 'the disk is read-only',
  ENOENT: 'its directory does not exist',
  EISDIR: 'it is not a file',
};
