import { describe, expect, it } from 'vitest';
import type { FindingCode } from '../../../src/doctor/finding.ts';
import { readAnswer } from '../../../src/doctor/judge/answer.ts';
import { judgeRoundTrip } from '../../../src/doctor/judge/round-trip.ts';
import { foreign, refused, TAKEN, trip } from './examples.ts';

describe('a round trip', () => {
  it.each<[string, Parameters<typeof trip>[0], FindingCode]>([
    [
      'every body arrives changed, at this service',
      { plain: refused('SIGNATURE_MISMATCH'), hasReachedUs: true },
      'proxy_alters_bytes',
    ],
    [
      'every body arrives changed, nobody knows where',
      { plain: refused('SIGNATURE_MISMATCH'), hasReachedUs: null },
      'proxy_alters_bytes',
    ],
    [
      'the secret is wrong there, and none runs here',
      { plain: refused('SIGNATURE_MISMATCH'), local: null },
      'other_secret_there',
    ],
    [
      'the content type is changed',
      { plain: refused('UNSUPPORTED_MEDIA_TYPE', 415) },
      'proxy_changes_headers',
    ],
    ['the body is compressed', { plain: refused('UNSUPPORTED_ENCODING', 415) }, 'proxy_changes_headers'],
    ['a login is wanted', { plain: foreign(401) }, 'login_wanted'],
    ['the odd body is blocked', { odd: foreign(403) }, 'login_wanted'],
    ['the gateway times out', { plain: foreign(504) }, 'proxy_cannot_reach_service'],
    ['nobody is at home there', { plain: foreign(404) }, 'something_else_answers'],
    [
      'another service answers',
      { local: { ...TAKEN, proof: 'x' }, odd: null, large: null },
      'another_instance',
    ],
    ['the service is shutting down', { plain: refused('SHUTTING_DOWN', 503) }, 'service_busy'],
    ['a large body times out', { large: { kind: 'failed', cause: 'timeout' } }, 'proxy_limits_size'],
    [
      'the service itself refuses the large one',
      { large: refused('BODY_TOO_LARGE', 413) },
      'proxy_limits_size',
    ],
  ])('where %s', (_name, seen, code) => {
    expect(trip(seen).code).toBe(code);
  });

  it('says plainly whether the proxy or another service is to blame, where it can', () => {
    const plain = refused('SIGNATURE_MISMATCH');
    expect(trip({ plain, hasReachedUs: true }).message).not.toContain('Or the request');
    expect(trip({ plain, hasReachedUs: null }).message).toContain('Or the request reaches another');
  });
});

describe('an answer', () => {
  const came = (httpStatus: number, more: object = {}) =>
    readAnswer(
      { kind: 'answered', httpStatus, proof: null, location: null, body: '', tookMs: 1, ...more },
      'https://cards.example.com/webhooks/linq',
    );
  const error = (statusCode: number, code: string) =>
    JSON.stringify({ statusCode, code, error: 'Words', message: 'More words.' });

  it('with a proof is taken, without one it isn’t', () => {
    expect(came(204, { proof: 'p' })).toMatchObject({ kind: 'accepted', proof: 'p' });
    expect(came(204)).toEqual({ kind: 'foreign', httpStatus: 204 });
    expect(came(200, { proof: 'p' })).toEqual({ kind: 'foreign', httpStatus: 200 });
  });

  it('that redirects is told without the query', () => {
    expect(came(308, { location: '/elsewhere?token=secret' })).toEqual({
      kind: 'redirect',
      httpStatus: 308,
      target: 'https://cards.example.com/elsewhere',
    });
  });

  it('is ours only in our shape', () => {
    expect(came(401, { body: error(401, 'SIGNATURE_STALE') })).toMatchObject({ kind: 'refused' });
    expect(came(404, { body: error(404, 'NOT_FOUND') })).toEqual({ kind: 'wrong_path' });
    for (const body of [
      '',
      '<html>',
      'null',
      '[]',
      '{"code":"SIGNATURE_STALE"}',
      error(403, 'SIGNATURE_STALE'),
    ])
      expect(came(401, { body })).toEqual({ kind: 'foreign', httpStatus: 401 });
    expect(came(401, { body: error(401, 'UNHEARD_OF') })).toEqual({ kind: 'foreign', httpStatus: 401 });
  });

  it.each([502, 503, 504])('is left for later while no service runs and the proxy says %i', (httpStatus) => {
    const finding = judgeRoundTrip('https://cards.example.com/webhooks/linq', {
      ...{ plain: foreign(httpStatus), odd: null, large: null, local: null, hasReachedUs: null },
    });
    expect(finding).toMatchObject({ state: 'skipped', code: null });
    expect(finding.message).toContain(`HTTP ${httpStatus}`);
  });
});
