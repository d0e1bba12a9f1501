import type { Clock } from '../clock.ts';
import type { Sources } from '../config/sources.ts';
import { checkDeliveries } from './check-deliveries.ts';
import { checkLinq } from './check-linq.ts';
import { checkMachine } from './check-machine.ts';
import { checkService } from './check-service.ts';
import type { Finding } from './finding.ts';
import { createReport } from './report.ts';
import { readDoctorSettings } from './settings.ts';

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

/**
 * Looks at everything that keeps the service from its work, one check after the other, and resolves to what was found.
 * Changes nothing and never rejects; each look has its own deadline of at most 10 s. Works beside a running service and
 * without one.
 */
export async function runDoctor(options: DoctorOptions): Promise<readonly Finding[]> {
  const { onCheck, onFinding, sources } = options;
  const { report, findings } = createReport({ onCheck, onFinding });
  const settings = readDoctorSettings(sources);
  const { isDatabaseLocked } = await checkMachine(report, options, settings);
  const running = await checkService(report, options, isDatabaseLocked);
  const own = await checkLinq(report, options, settings);
  await checkDeliveries(report, options, settings, { running, own });
  return findings;
}
