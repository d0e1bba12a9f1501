import { createReport, type DoctorOptions, readDoctorSettings } from './check.ts';
import { checkDeliveries } from './check-deliveries.ts';
import { checkLinq } from './check-linq.ts';
import { checkMachine } from './check-machine.ts';
import { checkService } from './check-service.ts';
import type { Finding } from './finding.ts';

/**
 * Checks everything that could keep the service from working, one check after another, and resolves to the
 * findings. Changes nothing and never rejects; each step has its own deadline of at most 10 s. Works with or
 * without a running service.
 */
export async function runDoctor(options: DoctorOptions): Promise<readonly Finding[]> {
  const { report, findings } = createReport(options);
  const settings = readDoctorSettings(options.sources);
  const { isDatabaseLocked } = await checkMachine(report, options, settings);
  const running = await checkService(report, options, settings, isDatabaseLocked);
  const own = await checkLinq(report, options, settings);
  await checkDeliveries(report, options, settings, { running, own });
  return findings;
}
