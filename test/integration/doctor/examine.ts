import { createSystemClock } from '../../../src/clock.ts';
import type { DoctorOptions } from '../../../src/doctor/check.ts';
import { createReport, readDoctorSettings } from '../../../src/doctor/check.ts';
import { checkDeliveries } from '../../../src/doctor/check-deliveries.ts';
import type { Finding } from '../../../src/doctor/finding.ts';
import { SECRET } from '../../helpers/deliver.ts';
import { NOW, type startRoute } from '../webhook/server.ts';
import { TRUSTED } from './front.ts';

type Route = Awaited<ReturnType<typeof startRoute>>;

export interface Examined {
  /** The service that runs here; null: none. */
  readonly route: Route | null;
  /** Where it should listen. Default: where it does. */
  readonly serviceUrl?: string;
  readonly publicUrl: string;
  readonly secret?: string;
  readonly extraCa?: string | null;
  readonly isRoundTripWanted?: boolean;
  readonly signedAt?: number;
}

/** Examines secret and deliveries alone, at the time of the route. */
export async function examine(options: Examined): Promise<readonly Finding[]> {
  const { route, publicUrl, secret = SECRET, extraCa = TRUSTED, signedAt = NOW } = options;
  const env = {
    LINQ_WEBHOOK_SECRET: secret,
    PUBLIC_URL: publicUrl,
    LINQ_API_BASE_URL: 'http://127.0.0.1:9/api/partner',
  };
  const sources = { env, envFile: {}, readFile: () => '' };
  const doctor: DoctorOptions = {
    sources,
    envFilePath: null,
    serviceUrl: options.serviceUrl ?? route?.url ?? null,
    statusToken: null,
    isServiceExpected: true,
    isRoundTripWanted: options.isRoundTripWanted ?? true,
    extraCa,
    clock: { ...createSystemClock(), systemNow: () => signedAt },
    nodeVersion: '22.0.0',
    adviseOnNode: () => null,
    adviseOnInstallation: () => null,
  };
  const { report, findings } = createReport(doctor);
  const running = route === null ? null : { url: route.url, verdicts: async () => verdictsOf(route) };
  await checkDeliveries(report, doctor, readDoctorSettings(sources), { running, own: null });
  return findings;
}

function verdictsOf({ counters }: Route) {
  const { accepted, ignored, quarantined, rejected } = counters;
  return { authentic: accepted + ignored + quarantined, mismatched: rejected.mismatch };
}

/** What was found wrong, or else the state, by check. */
export function summary(findings: readonly Finding[]): Record<string, string> {
  return Object.fromEntries(findings.map(({ id, code, state }) => [id, code ?? state]));
}
