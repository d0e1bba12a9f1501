import { type LoadedConfig, loadConfig } from '../../../src/config/load.ts';
import type { Config } from '../../../src/config/settings.ts';
import type { Sources, Variables } from '../../../src/config/sources.ts';
import { ConfigError } from '../../../src/errors.ts';
import { SECRET } from '../../helpers/deliver.ts';

/** The two settings without which nothing loads. */
export const NEEDED = { LINQ_API_KEY: 'a-key-of-this-test', LINQ_WEBHOOK_SECRET: SECRET } as const;

export interface Given {
  readonly envFile?: Variables;
  /** Contents by path, or the system's error code. */
  readonly files?: Readonly<Record<string, string | { readonly errno: string }>>;
  readonly isTerminal?: boolean;
}

export function sourcesOf(env: Variables, { envFile = {}, files = {} }: Given = {}): Sources {
  return {
    env,
    envFile,
    readFile(path) {
      const file = files[path] ?? { errno: 'ENOENT' };
      if (typeof file === 'string') return file;
      throw Object.assign(new Error(`${file.errno}: can't open '${path}'`), { code: file.errno });
    },
  };
}

/** Loads exactly these variables. */
export function loadBare(env: Variables, given: Given = {}): LoadedConfig {
  return loadConfig(sourcesOf(env, given), given.isTerminal ?? false);
}

/** Loads these variables and the needed ones. */
export function load(env: Variables = {}, given: Given = {}): Config {
  return loadBare({ ...NEEDED, ...env }, given).config;
}

export function warningsOf(env: Variables, given: Given = {}): readonly string[] {
  return loadBare({ ...NEEDED, ...env }, given).warnings;
}

/** The error that exactly these variables lead to. @throws when there is none */
export function errorOf(env: Variables, given: Given = {}): ConfigError {
  try {
    loadBare(env, given);
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
  throw new Error('these settings were taken for right');
}

/** The mistakes in these variables, the needed ones being right. */
export function mistakesIn(env: Variables, given: Given = {}): readonly string[] {
  return errorOf({ ...NEEDED, ...env }, given).mistakes;
}
