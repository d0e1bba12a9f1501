import { DAY } from '../decide/time.ts';
import { ConfigError } from '../errors.ts';
import type { Config } from './config.ts';
import { isLoopbackUrl } from './network-kinds.ts';
import type { Setting } from './setting.ts';
import { ALL_SETTINGS, SETTINGS } from './settings.ts';
import { findSetting, type Sources } from './sources.ts';
import { warnOfMisspelt, warnOfUnread } from './unread.ts';

export interface LoadedConfig {
  readonly config: Config;
  readonly warnings: readonly string[];
}

/**
 * Reads every setting.
 * @param isTerminal standard output is a terminal, so that log lines are for people
 * @throws {ConfigError} that lists all mistakes: the variable, what was expected, an example; never a secret's value
 */
export function loadConfig(sources: Sources, isTerminal: boolean): LoadedConfig {
  const reader = createReader(sources);
  const { read } = reader;
  const baseUrl = read(SETTINGS.baseUrl);
  const windowMs = read(SETTINGS.window);
  if (baseUrl !== null && windowMs !== null && windowMs < DAY && !isLoopbackUrl(baseUrl)) {
    reader.mistakes.push(
      describe(
        SETTINGS.window,
        'Linq ignores shares within 24 hours of the last: less than 24h works only against an API on this machine',
      ),
    );
  }
  const draft = {
    linq: { apiKey: read(SETTINGS.apiKey), baseUrl },
    webhook: {
      secrets: read(SETTINGS.webhookSecrets),
      toleranceMs: read(SETTINGS.tolerance),
      acceptLegacySignatures: read(SETTINGS.acceptLegacy),
      rateLimitPerMinute: read(SETTINGS.rateLimit),
    },
    proxies: {
      https: read(SETTINGS.httpsProxy),
      http: read(SETTINGS.httpProxy),
      exempt: read(SETTINGS.noProxy),
    },
    server: { host: read(SETTINGS.host), port: read(SETTINGS.port), trustProxy: read(SETTINGS.trustProxy) },
    databasePath: read(SETTINGS.databaseFile),
    statusToken: read(SETTINGS.statusToken),
    metricsToken: read(SETTINGS.metricsToken),
    policy: {
      windowMs,
      reshare: read(SETTINGS.reshare),
      idleAfterMs: read(SETTINGS.idleAfter),
      maxSharesPerChat: read(SETTINGS.maxShares),
      requireInbound: read(SETTINGS.requireInbound),
      shareGroups: read(SETTINGS.shareGroups),
      holdAtRisk: read(SETTINGS.holdAtRisk),
      lines: read(SETTINGS.lines),
      dryRun: read(SETTINGS.dryRun),
    },
    dispatch: {
      concurrency: read(SETTINGS.concurrency),
      ratePerLine: read(SETTINGS.ratePerLine),
      cardTtlMs: read(SETTINGS.cardTtl),
    },
    catchUp: { everyMs: read(SETTINGS.catchUpEvery) },
    publicUrl: read(SETTINGS.publicUrl),
    webhooksSilentAfterMs: read(SETTINGS.silentAfter),
    attemptRetentionMs: read(SETTINGS.attemptRetention),
    backup: {
      everyMs: read(SETTINGS.backupEvery),
      keep: read(SETTINGS.backupKeep),
      directory: read(SETTINGS.backupDir),
    },
    alertUrl: read(SETTINGS.alertUrl),
    showNumbers: read(SETTINGS.showNumbers),
    log: {
      level: read(SETTINGS.logLevel),
      format: read(SETTINGS.logFormat) ?? (isTerminal ? 'pretty' : 'json'),
    },
  };
  const warnings = [
    ...(sources.envFileWarnings ?? []),
    ...warnOfMisspelt(namesIn(sources)),
    ...warnOfUnread(sources),
  ];
  if (reader.mistakes.length > 0) {
    throw new ConfigError(listMistakes(reader.mistakes, warnings), { mistakes: reader.mistakes, warnings });
  }
  // Without a mistake every setting that has a default or is required has a value.
  return { config: deepFreeze(draft as Config), warnings };
}

function createReader(sources: Sources) {
  const mistakes: string[] = [...(sources.envFileMistakes ?? [])];
  return {
    mistakes,
    /** Null when it is unset without a default, or wrong; then the mistake is noted. */
    read<T>(setting: Setting<T>): T | null {
      const found = findSetting(setting, sources);
      if (found !== null && 'mistake' in found) {
        mistakes.push(describe(setting, found.mistake));
        return null;
      }
      const text = found?.text ?? setting.fallback;
      if (text === null) {
        if (setting.isRequired) mistakes.push(describe(setting, 'it is not set'));
        return null;
      }
      const parsed = setting.kind.parse(text);
      if ('value' in parsed) return parsed.value;
      const isShown = !setting.isSecret && found !== null;
      const got = isShown ? `got ${setting.kind.show(text)}` : '';
      mistakes.push(describe(setting, [got, parsed.wrong].filter((part) => part !== '').join(': ')));
      return null;
    },
  };
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
    // freezing a set leaves its members open
    for (const name of ['add', 'delete', 'clear'])
      Object.defineProperty(value, name, { value: refuseChange });
  }
  return Object.freeze(value);
}

function refuseChange(): never {
  throw new TypeError('settings are read once and never changed');
}

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
