import { describe, expect, it } from 'vitest';
import { SignatureError } from '../../src/errors.ts';
import { createVerifier } from '../../src/webhook/verify.ts';
import { sign } from '../helpers/deliver.ts';
import { macOf } from './mac.ts';

const NOW = Date.UTC(2026, 10, 3, 16, 20, 5);
const NOW_SECONDS = NOW / 1_000;
const BODY = Buffer.from('{"event_type":"message.sent"}');
const OLD = `whsec_${Buffer.alloc(32, 1).toString('base64')}`;
const NEW = `whsec_${Buffer.alloc(32, 2).toString('base64')}`;

/** The index of the secret that verified it, or the fault. */
function verdictOf(secrets: readonly string[], headers: Record<string, string>, now = NOW): number | string {
  const verify = createVerifier({ secrets, toleranceMs: 300_000, acceptLegacySignatures: false });
  try {
    return verify(BODY, headers, Object.entries(headers).flat(), now).secretIndex;
  } catch (error) {
    if (!(error instanceof SignatureError)) throw error;
    return error.fault;
  }
}

describe('while secrets rotate', () => {
  const configured = { old: [OLD], new: [NEW], 'new, old': [NEW, OLD], 'old, new': [OLD, NEW] };
  const signers = { old: [OLD], new: [NEW], 'new, old': [NEW, OLD], 'old, new': [OLD, NEW] };
  const rows = Object.entries(configured).flatMap(([known, secrets]) =>
    Object.entries(signers).map(([by, keys]) => ({ known, secrets, by, keys })),
  );

  it.each(rows)(
    'knowing $known, what $by signed is accepted iff one of them is known',
    ({ secrets, keys }) => {
      const [first, ...others] = keys.map((secret) => sign(BODY, { at: NOW, secret, webhookId: 'evt_1' }));
      const signature = [first, ...others].map((headers) => headers?.['webhook-signature']).join(' ');
      const known = secrets.findIndex((secret) => keys.includes(secret));

      expect(verdictOf(secrets, { ...first, 'webhook-signature': signature })).toBe(
        known === -1 ? 'mismatch' : known,
      );
    },
  );
});

describe('the signed time', () => {
  const at = (stamp: string) => ({
    'webhook-id': 'evt_1',
    'webhook-timestamp': stamp,
    'webhook-signature': `v1,${macOf(NEW, `evt_1.${stamp}.`, BODY)}`,
  });

  it.each([
    [0, 0],
    [-299, 0],
    [-300, 0],
    [-301, 'stale'],
    [299, 0],
    [300, 0],
    [301, 'stale'],
  ])('%d s from ours: %s', (seconds, verdict) => {
    expect(verdictOf([NEW], at(String(NOW_SECONDS + seconds)))).toBe(verdict);
  });

  it.each([
    // of ours only whole seconds count, as those of the signature
    [-300, 999, 0],
    [-301, 0, 'stale'],
    [300, 0, 0],
    [301, 999, 'stale'],
    [300, 1, 0],
  ])('%d s from ours, at millisecond %d of it: %s', (seconds, ms, verdict) => {
    expect(verdictOf([NEW], at(String(NOW_SECONDS + seconds)), NOW + ms)).toBe(verdict);
  });

  it.each([
    ['0', 'stale'],
    ['-0', 'malformed'],
    ['-1', 'malformed'],
    [`-${NOW_SECONDS}`, 'malformed'],
    [String(2 ** 31 - 1), 'stale'],
    [String(2 ** 31), 'stale'],
    [String(2 ** 32), 'stale'],
    ['999999999999', 'stale'],
    ['1000000000000', 'malformed'],
    [String(NOW), 'malformed'],
    [String(2 ** 53), 'malformed'],
    [String(2n ** 64n), 'malformed'],
    ['NaN', 'malformed'],
    ['Infinity', 'malformed'],
    ['1e9', 'malformed'],
    ['', 'missing'],
  ])('%j, well signed: %s', (stamp, verdict) => {
    expect(verdictOf([NEW], at(stamp))).toBe(verdict);
  });
});
