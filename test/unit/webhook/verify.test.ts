import { describe, expect, it } from 'vitest';
import { SignatureError } from '../../../src/errors.ts';
import { createVerifier } from '../../../src/webhook/verify.ts';
import { OTHER_SECRET, SECRET, sign } from '../../helpers/deliver.ts';
import { body, faultOf, NOW, rawOf, TOLERANCE_MS, verifier } from './verifying.ts';

describe('createVerifier', () => {
  it('accepts a correct signature and says which secret made it', () => {
    const headers = sign(body, { at: NOW, webhookId: 'evt_1' });
    expect(verifier()(body, headers, rawOf(headers), NOW)).toEqual({
      webhookId: 'evt_1',
      secretIndex: 0,
      scheme: 'standard',
    });
  });

  it.each([
    ['{}', '{"event_type":"message.sent","text":"\u{1F44B} \\u00e9"}'],
    ['{} ', '{}'],
    ['', '{}'],
  ])('refuses a body that was changed after signing (%j)', (signed, sent) => {
    expect(faultOf(verifier(), sign(signed, { at: NOW }), { bytes: Buffer.from(sent) })).toBe('mismatch');
  });

  it('verifies bytes that are no UTF-8, since it is the bytes that are signed', () => {
    const bytes = Buffer.from([0x7b, 0xff, 0xfe, 0x7d]);
    expect(faultOf(verifier(), sign(bytes, { at: NOW }), { bytes })).toBe('accepted');
  });

  it.each([
    [-301, 'stale'],
    [-300, 'accepted'],
    [-299, 'accepted'],
    [0, 'accepted'],
    [299, 'accepted'],
    [300, 'accepted'],
    [301, 'stale'],
    [2 ** 31, 'stale'],
  ])('when the signature is %d s old: %s', (seconds, expected) => {
    const headers = sign(body, { at: NOW });
    expect(faultOf(verifier(), headers, { now: NOW + seconds * 1000 })).toBe(expected);
  });

  it('counts whole seconds: 300 s and 999 ms is still 300 s', () => {
    expect(faultOf(verifier(), sign(body, { at: NOW }), { now: NOW + 300_999 })).toBe('accepted');
    expect(faultOf(verifier(), sign(body, { at: NOW }), { now: NOW - 300_000 - 1 })).toBe('stale');
  });

  it('says by how much a stale signature is off, in our time minus the signed time', () => {
    const headers = sign(body, { at: NOW });
    const skewOf = (now: number) => {
      try {
        verifier()(body, headers, rawOf(headers), now);
      } catch (error) {
        return error instanceof SignatureError ? error.skewMs : undefined;
      }
    };
    expect(skewOf(NOW + 400_250)).toBe(400_250);
    expect(skewOf(NOW - 400_000)).toBe(-400_000);
  });

  it('calls a stale signature that is wrong too a mismatch', () => {
    const headers = sign(body, { at: NOW, secret: OTHER_SECRET });
    expect(faultOf(verifier(), headers, { now: NOW + 3_600_000 })).toBe('mismatch');
  });

  const one = (secret: string) => sign(body, { at: NOW, secret, webhookId: 'e' });
  const both = (first: string, second: string) => ({
    ...one(first),
    'webhook-signature': `${one(first)['webhook-signature']} ${one(second)['webhook-signature']}`,
  });
  it.each([
    ['new', [SECRET], one(SECRET), 0],
    ['new', [SECRET, OTHER_SECRET], one(SECRET), 0],
    ['new', [OTHER_SECRET, SECRET], one(SECRET), 1],
    ['old', [SECRET], one(OTHER_SECRET), null],
    ['old', [SECRET, OTHER_SECRET], one(OTHER_SECRET), 1],
    ['old', [OTHER_SECRET, SECRET], one(OTHER_SECRET), 0],
    ['both', [SECRET], both(SECRET, OTHER_SECRET), 0],
    ['both', [SECRET], both(OTHER_SECRET, SECRET), 0],
    ['both', [SECRET, OTHER_SECRET], both(SECRET, OTHER_SECRET), 0],
    ['both', [SECRET, OTHER_SECRET], both(OTHER_SECRET, SECRET), 0],
    ['both', [OTHER_SECRET, SECRET], both(SECRET, OTHER_SECRET), 0],
  ])('while secrets rotate: signed with %s, secrets %#', (_name, secrets, headers, index) => {
    if (index === null) expect(faultOf(verifier(secrets), headers)).toBe('mismatch');
    else expect(verifier(secrets)(body, headers, rawOf(headers), NOW).secretIndex).toBe(index);
  });

  it.each([[[]], [['whsec_']], [['whsec_c2hvcnQ=']], [[SECRET, 'whsec_!!!']]])(
    'refuses to start with %j',
    (secrets) => {
      expect(() =>
        createVerifier({ secrets, toleranceMs: TOLERANCE_MS, acceptLegacySignatures: false }),
      ).toThrow(expect.objectContaining({ code: 'REACTOR_CONFIG' }));
    },
  );

  it('never puts a secret into the message about it', () => {
    const messageOf = (secret: string) => {
      try {
        verifier([secret]);
        return 'accepted';
      } catch (error) {
        return String(error);
      }
    };
    expect(messageOf('whsec_c2hvcnQ=')).toMatch(/24 to 64 bytes/);
    expect(messageOf('whsec_c2hvcnQ=')).not.toContain('c2hvcnQ');
  });
});
