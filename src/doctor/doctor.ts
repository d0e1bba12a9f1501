import { createReport, type DoctorOptions, readDoctorSettings } from './check.ts';
import { checkDeliveries } from './check-deliveries.ts';
import { checkLinq } from './check-linq.ts';
import { checkMachine } from './check-machine.ts';
import { checkService } from './check-service.ts';
import type { Finding } from './finding.ts';

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
