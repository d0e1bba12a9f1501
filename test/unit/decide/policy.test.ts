import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Policy, policyFingerprint } from '../../../src/decide/policy.ts';
import { HOUR } from '../../../src/decide/time.ts';
import { LINE, OTHER_LINE, policyOf } from '../../helpers/builders.ts';
import { policies } from './arbitraries.ts';
import { holds } from './properties.ts';

const CHANGES: readonly Partial<Policy>[] = [
  { windowMs: HOUR },
  { reshare: 'active' },
  { reshare: 'once' },
  { idleAfterMs: 0 },
  { maxSharesPerChat: 1 },
  { reshareOnCardChange: true },
  { requireInbound: true },
  { shareGroups: false },
  { holdAtRisk: true },
  { lines: new Set([LINE]) },
  { lines: new Set([OTHER_LINE]) },
  { lines: new Set() },
  { dryRun: true },
];

describe('policyFingerprint', () => {
  it('differs whenever a setting does', () => {
    const all = [{}, ...CHANGES].map((change) => policyFingerprint(policyOf(change)));
    expect(new Set(all).size).toBe(all.length);
  });

  it('is the same for the same lines in another order', () => {
    const [a, b] = [
      [LINE, OTHER_LINE],
      [OTHER_LINE, LINE],
    ].map((lines) => policyFingerprint(policyOf({ lines: new Set(lines) })));
    expect(a).toBe(b);
  });

  it('is the same for equal settings, however they were put together', () => {
    const property = fc.property(policies, (policy) => {
      const { dryRun, ...rest } = policy;
      const lines = rest.lines === null ? null : new Set([...rest.lines]);
      expect(policyFingerprint({ dryRun, ...rest, lines })).toBe(policyFingerprint(policy));
    });
    holds(property);
  });
});
