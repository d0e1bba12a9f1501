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
  /** The service's expected URL, without a trailing slash; null: HOST and PORT don't determine it. */
  readonly serviceUrl: string | null;
  /** Grants access to its status; null: unknown. */
  readonly statusToken: string | null;
  /** False when it isn't meant to run yet (at the end of a setup): then a stopped service isn't an error. */
  readonly isServiceExpected: boolean;
  /** False: send no test deliveries, neither to the service nor to PUBLIC_URL. */
  readonly isRoundTripWanted: boolean;
  /** Additional trusted CA certificates (PEM); null: none. */
  readonly extraCa: string | null;
  readonly clock: Clock;
  /** Node.js version, as in `process.versions.node`. */
  readonly nodeVersion: string;
  /** A remedy for this Node.js, or for an error in SQLite's native module; null: none needed. */
  readonly adviseOnNode: (version: string) => string | null;
  readonly adviseOnInstallation: (error: unknown) => string | null;
  /** Called with the title of each check as it starts. */
  readonly onCheck?: (title: string) => void;
  /** Called with each finding as it is made. */
  readonly onFinding?: (finding: Finding) => void;
}

/**
 * Makes one check: announces it, keeps its findings, and resolves to them. A check that fails doesn't stop
 * the others.
 */
export type Report = (
  id: CheckId,
  check: () => Promise<Finding | readonly Finding[]>,
) => Promise<readonly Finding[]>;

export function createReport({
  onCheck,
  onFinding,
  adviseOnInstallation,
}: Pick<DoctorOptions, 'onCheck' | 'onFinding' | 'adviseOnInstallation'>): {
  readonly report: Report;
  readonly findings: readonly Finding[];
} {
  const findings: Finding[] = [];
  return {
    findings,
    async report(id, check) {
      onCheck?.(CHECKS[id]);
      const explain = (error: unknown) => skipped(id, adviseOnInstallation(error) ?? describe(error));
      const made = [await check().catch(explain)].flat();
      for (const finding of made) {
        findings.push(finding);
        onFinding?.(finding);
      }
      return made;
    },
  };
}

/** An unexpected error's message may quote anything, so only its name and code are reported. */
function describe(error: unknown): string {
  const name = error instanceof Error ? error.name : 'something other than an error';
  const code = error instanceof Error && 'code' in error ? ` ${String(error.code)}` : '';
  return `This check itself failed (${name}${code}): please report it.`;
}

/** Settings that checks need, each read separately: a wrong one only blocks the checks that need it. */
export type DoctorSettings = ReturnType<typeof readDoctorSettings>;

/** Null: unset or wrong; `wrong` lists the wrong ones. */
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
    database: read(SETTINGS.database),
    databaseSchema: read(SETTINGS.databaseSchema),
    backupDirectory: read(SETTINGS.backup.directory),
    toleranceMs: read(SETTINGS.webhook.toleranceMs) ?? 0,
    wrong: wrong as readonly string[],
  };
}
