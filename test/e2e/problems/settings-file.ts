import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnvFile, type Sources } from '../../../src/config/sources.ts';
import type { Settings } from '../../helpers/process.ts';

/** The settings file of a service, which verbs may change as well. */
export interface SettingsFile {
  readonly path: string;
  read(): Settings;
  change(changed: Settings): void;
  /** Settings as the service would read them in its directory, from this file alone. */
  sources(): Sources;
}

export function createSettingsFile(directory: string, first: Settings): SettingsFile {
  const path = join(directory, '.env');
  const read = (): Settings => {
    const { variables } = parseEnvFile(readFileSync(path, 'utf8'));
    return Object.fromEntries(Object.entries(variables).map(([name, value]) => [name, value ?? '']));
  };
  const write = (settings: Settings) => {
    const lines = Object.entries(settings).map(([name, value]) => `${name}=${value}\n`);
    writeFileSync(path, lines.join(''), { mode: 0o600 });
    chmodSync(path, 0o600);
  };
  write(first);
  return {
    path,
    read,
    change: (changed) => write({ ...read(), ...changed }),
    sources: () => ({ env: {}, envFile: read(), readFile: (name) => readFileSync(name, 'utf8') }),
  };
}
