import { isLoopbackUrl } from '../config/network-kinds.ts';
import type { Overview } from '../status/view/schemas.ts';
import type { DoctorOptions, DoctorSettings, Report } from './check.ts';
import { skipped } from './finding.ts';
import { judgeProblems, judgeService, type SeenService } from './judge/service.ts';
import type { SeenVerdicts } from './judge/subscriptions.ts';
import { lookAtService, lookAtStatus } from './look/running-service.ts';

/** The running service, as later checks need it. */
export interface Running {
  readonly url: string;
  /** The service's verdicts on deliveries so far; null: it doesn't report them. */
  verdicts(): Promise<SeenVerdicts | null>;
}

/** Resolves to null when it isn't running or its address is unknown. */
export async function checkService(
  report: Report,
  options: DoctorOptions,
  { database }: DoctorSettings,
  isDatabaseLocked: boolean,
): Promise<Running | null> {
  const { serviceUrl: url, statusToken, clock, isServiceExpected } = options;
  if (url === null) {
    await report('service', async () =>
      skipped('service', 'HOST and PORT don’t give its address: pass it with --url.'),
    );
    await report('problems', async () => skipped('problems', 'The service’s address is unknown.'));
    return null;
  }
  const http = { clock, ca: null };
  let seen: SeenService = { kind: 'silent', cause: 'unknown' };
  await report('service', async () => {
    seen = await lookAtService(url, http);
    return judgeService(url, seen, { isExpected: isServiceExpected, isDatabaseLocked });
  });
  const isUp = (seen as SeenService).kind === 'up';
  await report('problems', async () => {
    if (!isUp) return skipped('problems', 'The service isn’t running.');
    const hasCliToken = database?.kind === 'sqlite' && isLoopbackUrl(url);
    return judgeProblems((await lookAtStatus(url, statusToken, http)).seen, hasCliToken);
  });
  if (!isUp) return null;
  return {
    url,
    async verdicts() {
      const { overview } = await lookAtStatus(url, statusToken, http);
      return overview === null ? null : verdictsOf(overview);
    },
  };
}

function verdictsOf({ webhooks }: Overview): SeenVerdicts {
  const { accepted, ignored, quarantined, rejected } = webhooks;
  return { authentic: accepted + ignored + quarantined, mismatched: rejected.mismatch };
}
