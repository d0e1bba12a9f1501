import { readSetting } from '../config/load.ts';
import { SETTINGS } from '../config/settings.ts';
import type { Sources } from '../config/sources.ts';

export interface StorageSettings {
  readonly databasePath: string;
  readonly backupDirectory: string;
  readonly windowMs: number;
}

/**
 * Where things are kept. Reads no other settings, so that a backup can be made and restored where the service itself
 * isn't set up.
 * @throws {ConfigError}
 */
export function readStorageSettings(sources: Sources): StorageSettings {
  return {
    databasePath: readSetting(SETTINGS.databaseFile, sources) ?? '',
    backupDirectory: readSetting(SETTINGS.backupDir, sources) ?? '',
    windowMs: readSetting(SETTINGS.window, sources) ?? 0,
  };
}
