import { findSetting, type Sources } from './origin.ts';
import type { Setting } from './setting.ts';
import { ALL_SETTINGS } from './settings.ts';

/** A setting as it is in force, for people to read; never a secret's value. */
export interface ShownSetting {
  readonly name: string;
  /** Null: unset, or not to be told. */
  readonly value: string | null;
  /** `environment`, `.env`, `NAME_FILE`, `default`, `unset`, or `mistake`: then `config check` tells more. */
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
