import type { Finding, FindingCode } from './finding.ts';

/** What all findings come to together; the command line ends with it. */
export type Verdict = 'fine' | 'configuration' | 'unreachable' | 'degraded';

const ABOUT_SETTINGS: readonly FindingCode[] = ['settings_wrong'];
const ABOUT_REACHING: readonly FindingCode[] = [
  'service_down',
  'service_elsewhere',
  'service_foreign',
  'linq_proxy_unreachable',
  'linq_proxy_refuses',
  'api_unreachable',
  'api_intercepted',
];

/**
 * The first that applies: settings are wrong; the service or Linq can't be reached; any other error. What comes first
 * explains what comes later, and is to be set right first.
 * @param isStrict a warning counts as an error
 */
export function decideVerdict(findings: readonly Finding[], isStrict: boolean): Verdict {
  const has = (codes: readonly FindingCode[]) =>
    findings.some(({ code }) => code !== null && codes.includes(code));
  if (has(ABOUT_SETTINGS)) return 'configuration';
  if (has(ABOUT_REACHING)) return 'unreachable';
  const isBad = findings.some(({ state }) => state === 'error' || (isStrict && state === 'warning'));
  return isBad ? 'degraded' : 'fine';
}
