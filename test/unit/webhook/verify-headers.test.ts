import { describe, expect, it } from 'vitest';
import { OTHER_SECRET, SECRET, sign, signLegacy } from '../../helpers/deliver.ts';
import { body, faultOf, NOW, rawOf, verifier } from './verifying.ts';

describe('the headers of a delivery', () => {
  it.each(['webhook-id', 'webhook-timestamp', 'webhook-signature'])(
    'refuses a set without %s as missing',
    (name) => {
      const { [name]: _left, ...headers } = { ...sign(body, { at: NOW }), ...signLegacy(body, { at: NOW }) };
      expect(faultOf(verifier([SECRET], true), headers)).toBe('missing');
      expect(faultOf(verifier([SECRET], true), { ...headers, [name]: '' })).toBe('missing');
    },
  );

  it('names the missing header', () => {
    const { 'webhook-timestamp': _left, ...headers } = sign(body, { at: NOW });
    expect(() => verifier()(body, headers, [], NOW)).toThrow(/webhook-timestamp/);
  });

  const good = sign(body, { at: NOW, webhookId: 'e' });
  const signature = good['webhook-signature'] ?? '';
  const timestamp = good['webhook-timestamp'] ?? '';
  const mac = signature.slice(3);
  const resigned = (id: string, stamp: string) => ({
    ...sign(body, { at: NOW, webhookId: id }),
    'webhook-timestamp': stamp,
  });
  it.each([
    ['an id with a dot', resigned('a.b', timestamp)],
    ['an id with a comma', resigned('a,b', timestamp)],
    ['an id of 257 characters', resigned('a'.repeat(257), timestamp)],
    ['a signed timestamp', resigned('e', `+${timestamp}`)],
    ['a negative timestamp', resigned('e', '-1')],
    ['a timestamp with a leading zero', resigned('e', `0${timestamp}`)],
    ['a fraction', resigned('e', `${timestamp}.0`)],
    ['an exponent', resigned('e', '1e9')],
    ['spaces', resigned('e', ` ${timestamp}`)],
    ['milliseconds beyond twelve digits', resigned('e', String(NOW))],
    ['2^53', resigned('e', String(2 ** 53))],
    ['NaN', resigned('e', 'NaN')],
    ['digits of another script', resigned('e', '\u0661\u0662\u0663')],
    ['a bare MAC', { ...good, 'webhook-signature': mac }],
    ['another version', { ...good, 'webhook-signature': `v2,${mac}` }],
    ['a MAC of 31 bytes', { ...good, 'webhook-signature': `v1,${Buffer.alloc(31).toString('base64')}` }],
    ['a MAC of 33 bytes', { ...good, 'webhook-signature': `v1,${Buffer.alloc(33).toString('base64')}` }],
    ['a MAC without padding', { ...good, 'webhook-signature': signature.slice(0, -1) }],
    ['a MAC in the URL alphabet', { ...good, 'webhook-signature': `v1,-_${mac.slice(2)}` }],
    ['spare bits in the last digit', { ...good, 'webhook-signature': `v1,${'A'.repeat(42)}B=` }],
    ['more than 16 signatures', { ...good, 'webhook-signature': Array(17).fill(signature).join(' ') }],
    ['a header over 4 kB', { ...good, 'webhook-signature': `${signature} ${'x'.repeat(4096)}` }],
  ])('refuses %s as malformed', (_name, headers) => {
    expect(faultOf(verifier(), headers)).toBe('malformed');
  });

  it.each(['webhook-id', 'webhook-timestamp', 'webhook-signature'])(
    'refuses a repeated %s as malformed',
    (name) => {
      const raw = [...rawOf(good), name.toUpperCase(), good[name] ?? ''];
      expect(faultOf(verifier(), good, { raw })).toBe('malformed');
    },
  );

  it('accepts up to 16 signatures, broken and unknown ones among them', () => {
    const others = ['v1,broken', 'v2,abc', ...Array(13).fill(`v1,${Buffer.alloc(32).toString('base64')}`)];
    expect(faultOf(verifier(), { ...good, 'webhook-signature': [...others, signature].join(' ') })).toBe(
      'accepted',
    );
  });

  describe('with the deprecated headers', () => {
    it('refuses them as missing unless they are accepted, and says how to accept them', () => {
      const headers = signLegacy(body, { at: NOW });
      expect(faultOf(verifier(), headers)).toBe('missing');
      expect(() => verifier()(body, headers, [], NOW)).toThrow(/ACCEPT_LEGACY_SIGNATURES/);
    });

    it('accepts them where set, without an id, with a sha256= prefix or capital digits too', () => {
      const headers = signLegacy(body, { at: NOW });
      const hex = headers['x-webhook-signature'] ?? '';
      const verify = verifier([OTHER_SECRET, SECRET], true);
      expect(verify(body, headers, rawOf(headers), NOW)).toEqual({
        webhookId: null,
        secretIndex: 1,
        scheme: 'legacy',
      });
      expect(faultOf(verify, { ...headers, 'x-webhook-signature': `sha256=${hex.toUpperCase()}` })).toBe(
        'accepted',
      );
    });

    it('never falls back to them when any standard header is present', () => {
      const wrong = sign(body, { at: NOW, secret: OTHER_SECRET });
      const headers = { ...wrong, ...signLegacy(body, { at: NOW }) };
      expect(faultOf(verifier([SECRET], true), headers)).toBe('mismatch');
    });

    it('keys with the whole text of the secret, not with its decoded bytes', () => {
      const decoded = SECRET.replace('whsec_', '');
      const headers = signLegacy(body, { at: NOW, secret: decoded });
      expect(faultOf(verifier([SECRET], true), headers)).toBe('mismatch');
    });

    const legacy = signLegacy(body, { at: NOW });
    it.each([
      ['missing', 'no timestamp', { 'x-webhook-signature': legacy['x-webhook-signature'] ?? '' }],
      ['missing', 'no signature', { 'x-webhook-timestamp': timestamp }],
      ['malformed', 'a short signature', { ...legacy, 'x-webhook-signature': 'abcd' }],
      ['malformed', 'no hex', { ...legacy, 'x-webhook-signature': 'g'.repeat(64) }],
      ['malformed', 'a broken timestamp', { ...legacy, 'x-webhook-timestamp': '1e9' }],
      ['mismatch', 'another timestamp', { ...legacy, 'x-webhook-timestamp': '1' }],
    ])('refuses as %s: %s', (fault, _name, headers) => {
      expect(faultOf(verifier([SECRET], true), headers)).toBe(fault);
    });

    it('refuses a stale one, and a repeated header', () => {
      expect(faultOf(verifier([SECRET], true), legacy, { now: NOW + 301_000 })).toBe('stale');
      const raw = [...rawOf(legacy), 'X-Webhook-Signature', legacy['x-webhook-signature'] ?? ''];
      expect(faultOf(verifier([SECRET], true), legacy, { raw })).toBe('malformed');
    });
  });
});
