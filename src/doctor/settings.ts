import { readSetting } from '../config/load.ts';
import { SETTINGS, type Setting } from '../config/settings.ts';
import type { Sources } from '../config/sources.ts';
import { ConfigError } from '../errors.ts';

/** Settings that checks need, each by itself: one that is wrong keeps only the checks back that need it. */
export type DoctorSettings = ReturnType<typeof readDoctorSettings>;

/** Null: unset, or wrong; `wrong` names those. */
export function readDoctorSettings(sources: Sources) {
  const wrong: string[] = [];
  const read = <T>(setting: Setting<T>): T | null => {
    try {
      return readSetting(setting, sources);
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      wrong.push(setting.name);
      return null;
    }
  };
  return {
    apiKey: read(SETTINGS.apiKey),
    baseUrl: read(SETTINGS.baseUrl),
    secrets: read(SETTINGS.webhookSecrets) ?? [],
    alertUrl: read(SETTINGS.alertUrl),
    proxies: {
      https: read(SETTINGS.httpsProxy),
      http: read(SETTINGS.httpProxy),
      exempt: read(SETTINGS.noProxy),
    },
    lines: read(SETTINGS.lines),
    publicUrl: read(SETTINGS.publicUrl),
    databasePath: read(SETTINGS.databaseFile),
    backupDirectory: read(SETTINGS.backupDir),
    toleranceMs: read(SETTINGS.tolerance) ?? 0,
    wrong: wrong as readonly string[],
  };
}
