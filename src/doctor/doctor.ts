import type { Clock } from '../clock.ts';
import type { Sources } from '../config/origin.ts';
import type { Finding } from './finding.ts';

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

/** Looks at everything that keeps the service from its work, and resolves to what was found. Changes nothing; never rejects. */
export async function runDoctor(_options: DoctorOptions): Promise<readonly Finding[]> {
  return [];
}
