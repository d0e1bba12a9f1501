import type { Clock } from '../clock.ts';
import { readSetting } from '../config/load.ts';
import type { Setting } from '../config/setting.ts';
import { SETTINGS } from '../config/settings.ts';
import type { Sources } from '../config/sources.ts';
import { ConfigError } from '../errors.ts';
import { CHECKS, type CheckId, type Finding, skipped } from './finding.ts';

export interface DoctorOptions {
  /** Settings as the service would read them. */
  readonly sources: Sources;
  /** The settings file, for its mode; null: none was read. */
  readonly envFilePath: string | null;
  /** Where the service should answer, without a slash at the end; null: HOST and PORT don't tell. */
  readonly serviceUrl: string | null;
  /** Opens its status; null: unknown. */
  readonly statusToken: string | null;
  /** False when it isn't meant to run (at the end of a setup): then that it doesn't is no error. */
  readonly isServiceExpected: boolean;
  /** False: no test delivery is sent, neither to the service nor to PUBLIC_URL. */
  readonly isRoundTripWanted: boolean;
  /** Certificates (PEM) of authorities to trust beside the usual ones; null: none. */
  readonly extraCa: string | null;
  readonly clock: Clock;
  /** Of Node.js, as in `process.versions.node`. */
  readonly nodeVersion: string;
  /** What to do about this Node.js, or about an error that is about SQLite's native module; null: nothing. */
  readonly adviseOnNode: (version: string) => string | null;
  readonly adviseOnNativeModule: (error: unknown) => string | null;
  /** Told the title of what is being looked at. */
  readonly onCheck?: (title: string) => void;
  /** Told each finding as it comes. */
  readonly onFinding?: (finding: Finding) => void;
}

/** Makes one check: announces it, keeps what it finds, and resolves to that. A check that breaks is no end of the others. */
export type Report = (
  id: CheckId,
  check: () => Promise<Finding | readonly Finding[]>,
) => Promise<readonly Finding[]>;

export function createReport({
  onCheck,
  onFinding,
}: {
  readonly onCheck: ((title: string) => void) | undefined;
  readonly onFinding: ((finding: Finding) => void) | undefined;
}): { readonly report: Report; readonly findings: readonly Finding[] } {
  const findings: Finding[] = [];
  return {
    findings,
    async report(id, check) {
      onCheck?.(CHECKS[id]);
      const made = [await check().catch((error: unknown) => skipped(id, describe(error)))].flat();
      for (const finding of made) {
        findings.push(finding);
        onFinding?.(finding);
      }
      return made;
    },
  };
}

/** An unforeseen error's message may quote anything, so only its name and code are told. */
function describe(error: unknown): string {
  const name = error instanceof Error ? error.name : 'something other than an error';
  const code = error instanceof Error && 'code' in error ? ` ${String(error.code)}` : '';
  return `This check itself failed (${name}${code}): please report it.`;
}

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
    apiKey: read(SETTINGS.linq.apiKey),
    baseUrl: read(SETTINGS.linq.baseUrl),
    secrets: read(SETTINGS.webhook.secrets) ?? [],
    alertUrl: read(SETTINGS.alertUrl),
    proxies: {
      https: read(SETTINGS.proxies.https),
      http: read(SETTINGS.proxies.http),
      exempt: read(SETTINGS.proxies.exempt),
    },
    lines: read(SETTINGS.policy.lines),
    publicUrl: read(SETTINGS.publicUrl),
    databasePath: read(SETTINGS.databasePath),
    backupDirectory: read(SETTINGS.backup.directory),
    toleranceMs: read(SETTINGS.webhook.toleranceMs) ?? 0,
    wrong: wrong as readonly string[],
  };
}
