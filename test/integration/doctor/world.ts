import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Finding } from '../../../src/doctor/finding.ts';
import { SECRET } from '../../helpers/deliver.ts';
import { createWorkDir, type Settings } from '../../helpers/process.ts';
import { startSimulator } from '../../helpers/rig.ts';
import { type Passed, startProxy, TRUSTED } from './front.ts';

export interface Examined {
  readonly code: number | null;
  readonly ok: boolean;
  readonly findings: readonly Finding[];
  /** Those that aren't fine, by code. */
  readonly wrong: readonly string[];
  readonly text: string;
}

/** How service and doctor run: as processes, or inside of the test. */
interface Ways<S extends { readonly url: string }> {
  readonly start: (directory: string, settings: Settings) => Promise<S>;
  readonly stop: (service: S) => Promise<unknown>;
  readonly runVerb: (
    directory: string,
    args: readonly string[],
    settings: Settings,
  ) => Promise<{ readonly code: number | null; readonly stdout: string }>;
}

/** An account, a service, and a proxy with TLS in front of it, all as they should be. */
export async function startWorld<S extends { readonly url: string }>(ways: Ways<S>) {
  const simulator = await startSimulator();
  const directory = createWorkDir();
  let change = (passed: Passed): Passed | null => passed;
  const front = await startProxy(
    () => service.url,
    (passed) => change(passed),
  );
  const settings: Settings = { LINQ_API_BASE_URL: simulator.baseUrl, PUBLIC_URL: front.publicUrl };
  const targetUrl = `${front.publicUrl}?version=2026-02-03`;
  simulator.subscribe({ targetUrl, signingSecret: SECRET });
  const ca = join(directory, 'authority.pem');
  writeFileSync(ca, TRUSTED);
  let service = await ways.start(directory, settings);

  return {
    simulator,
    directory,
    targetUrl,
    service: () => service,
    stop: () => ways.stop(service),
    /** Starts it anew. */
    async restart(more: Settings = {}) {
      await ways.stop(service);
      service = await ways.start(directory, { ...settings, ...more });
    },
    /** What passes the proxy from now on. */
    through(other: typeof change) {
      change = other;
    },
    /** Asks the doctor. */
    async examine(more: Settings = {}, ...flags: string[]): Promise<Examined> {
      const args = ['doctor', '--json', '--ca', ca, '--url', service.url, ...flags];
      const { code, stdout } = await ways.runVerb(directory, args, { ...settings, ...more });
      const { ok, findings }: { ok: boolean; findings: Finding[] } = JSON.parse(stdout);
      // where tests run in a container, its own layer is no place for data
      const wrong = findings.flatMap((one) =>
        one.code === null || one.code === 'data_not_kept' ? [] : [one.code],
      );
      return { code, ok, findings, wrong, text: stdout };
    },
  };
}

export const FINE = { code: 0, ok: true, wrong: [] };
export const broken = (code: number, ...wrong: string[]) => ({ code, ok: false, wrong });
