import { ConfigError } from '../errors.ts';
import { findSetting, type Sources } from './origin.ts';
import type { Setting } from './setting.ts';

/** One setting by itself; null when it is unset and has no default. @throws {ConfigError} */
export function readSetting<T>(setting: Setting<T>, sources: Sources): T | null {
  const { name, kind, fallback, example } = setting;
  const found = findSetting(setting, sources);
  const wrong = (why: string) =>
    new ConfigError(
      `${name}: expected ${kind.expects}${why === '' ? '' : ` (${why})`}, for example ${example}`,
    );
  if (found !== null && 'mistake' in found) throw wrong(found.mistake);
  const text = found?.text ?? fallback;
  if (text === null) return null;
  const parsed = kind.parse(text);
  if ('wrong' in parsed) throw wrong(parsed.wrong);
  return parsed.value;
}
