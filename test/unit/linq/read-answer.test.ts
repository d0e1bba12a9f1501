import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { classifyAnswer } from '../../../src/decide/outcome.ts';
import type { Headers } from '../../../src/linq/call.ts';
import { readAnswer } from '../../../src/linq/read.ts';

const FIXTURES = new URL('../../fixtures/linq/api/', import.meta.url);
const API_KEY = 'key-for-tests';
const NOW = Date.parse('2026-11-22T12:00:00Z');

const read = (httpStatus: number, body: string | null, headers: Headers = {}) =>
  readAnswer({ kind: 'reply', httpStatus, headers, body }, false, NOW, API_KEY);

describe('readAnswer', () => {
  const expected: Record<string, object> = {
    'error-1007-429-rate-limited.json': { kind: 'rate_limited', retryAfterMs: 45_000 },
    'error-2001-404-chat-not-found.json': { kind: 'retired', reason: 'chat_gone' },
    'error-2004-401-unauthorized.json': { kind: 'api_key_rejected' },
    'error-2005-403-access-denied.json': { kind: 'retired', reason: 'chat_gone' },
    'error-2009-409-chat-being-created.json': {
      kind: 'transient',
      mayHaveArrived: false,
      retryAfterMs: null,
    },
    'error-2012-404-contact-card-not-found.json': { kind: 'card_missing' },
    'error-2013-409-chat-unavailable.json': { kind: 'retired', reason: 'chat_left' },
    'error-2024-403-opted-out.json': { kind: 'opted_out' },
    'error-2027-403-line-ineligible.json': { kind: 'line_paused' },
    'error-3006-500-internal.json': { kind: 'transient', mayHaveArrived: false, retryAfterMs: null },
    'error-non-json-502.html': { kind: 'transient', mayHaveArrived: false, retryAfterMs: null },
    'error-older-shape-404-no-trace-no-doc-url.json': { kind: 'retired', reason: 'chat_gone' },
  };
  const files = readdirSync(FIXTURES).filter((name) => name.startsWith('error-'));

  it('has an expectation for every error fixture', () => {
    expect(files.sort()).toEqual(Object.keys(expected).sort());
  });

  it.each(files)('reads the verdict of %s', (name) => {
    const httpStatus = Number(/\b([45]\d\d)\b/.exec(name)?.[1]);
    const body = readFileSync(new URL(name, FIXTURES), 'utf8');
    expect(classifyAnswer(read(httpStatus, body))).toEqual(expected[name]);
  });

  it('reads code and trace id of the current envelope', () => {
    const body = readFileSync(new URL('error-2012-404-contact-card-not-found.json', FIXTURES), 'utf8');
    expect(read(404, body)).toEqual({
      kind: 'answered',
      httpStatus: 404,
      linqCode: 2012,
      traceId: 'c61ea803dc1745614d87ac5c741b4e51',
      hasEnvelope: true,
      isJson: true,
      retryAfterMs: null,
    });
  });

  it.each([
    ['an older envelope', '{"success":false,"error":{"status":404,"code":2001,"message":"x"}}', 2001, true],
    ['an envelope without a code', '{"success":false,"error":{"status":404,"message":"x"}}', null, true],
    ['a code beside the error', '{"code":2012,"message":"x"}', 2012, true],
    ['a code written as text', '{"error":{"code":"2012"}}', 2012, true],
    ['the v2 envelope, which is another API', '{"errors":[{"status":404,"code":"not_found"}]}', null, false],
    ["a gateway's JSON", '{"statusCode":404,"error":"Not Found","message":"x"}', null, false],
    ['a code that is no number', '{"error":{"code":"not_found"}}', null, false],
    ['a code that is no code', '{"error":{"code":-1.5}}', null, false],
    ['a list', '[{"code":2001}]', null, false],
    ['a bare word', '"nope"', null, false],
    ['JSON null', 'null', null, false],
  ])('reads %s', (_, body, linqCode, hasEnvelope) => {
    expect(read(404, body)).toMatchObject({ linqCode, hasEnvelope, isJson: true });
  });

  /** What stands between machines and the internet says no in JSON, too. */
  const GATEWAYS: readonly (readonly [string, string])[] = [
    ['a word', '{"error":"forbidden"}'],
    ['an error object', '{"error":{"message":"blocked"}}'],
    ['the status as the code', '{"code":403,"message":"Access denied by policy"}'],
    ['the status as the code of an error object', '{"error":{"code":403,"status":"PERMISSION_DENIED"}}'],
    ['the status as text', '{"error":{"code":"403","status":403}}'],
    ['a code of six digits', '{"code":900902,"message":"Missing Credentials"}'],
    ['a small code', '{"code":16,"message":"unregistered callers","details":[]}'],
    ['a list of errors', '{"success":false,"errors":[{"code":10000,"message":"Authentication error"}]}'],
    ['a success flag alone', '{"success":false,"message":"blocked"}'],
    ['an error without a status', '{"success":false,"error":{"message":"blocked"}}'],
    ['a fault', '{"fault":{"faultstring":"Invalid ApiKey","detail":{"errorcode":"oauth.v2"}}}'],
    ['an empty object', '{}'],
  ];

  it.each(GATEWAYS)("takes a gateway's JSON that says %s for nobody's refusal", (_, body) => {
    for (const httpStatus of [400, 401, 403, 404, 409, 422, 500]) {
      const answer = read(httpStatus, body);
      expect(answer).toMatchObject({ linqCode: null, hasEnvelope: false, isJson: true });
      expect(classifyAnswer(answer)).toMatchObject({ kind: 'transient' });
    }
  });

  it.each([
    ['nothing', ''],
    ['HTML', '<html></html>'],
    ['half of an envelope', '{"error":{"code":2001'],
    ['a body that was cut off', null],
  ])("doesn't take %s for JSON", (_, body) => {
    expect(read(404, body)).toMatchObject({ linqCode: null, hasEnvelope: false, isJson: false });
  });

  it('believes the trace header before the body, and keeps no trace id that is unprintable or endless', () => {
    const body = '{"trace_id":"of-the-body"}';
    expect(read(500, body, { 'x-trace-id': 'of-the-header' })).toMatchObject({ traceId: 'of-the-header' });
    expect(read(500, body, { 'x-trace-id': ['first', 'second'] })).toMatchObject({ traceId: 'first' });
    expect(read(500, body)).toMatchObject({ traceId: 'of-the-body' });
    expect(read(500, body, { 'x-trace-id': 'a b' })).toMatchObject({ traceId: 'of-the-body' });
    expect(read(500, JSON.stringify({ trace_id: 'x'.repeat(129) }))).toMatchObject({ traceId: null });
    expect(read(500, '{"trace_id":7}')).toMatchObject({ traceId: null });
  });

  it('keeps no trace id that carries the API key', () => {
    const echoed = `Bearer-${API_KEY}`;
    expect(read(500, null, { 'x-trace-id': echoed })).toMatchObject({ traceId: null });
    expect(read(200, JSON.stringify({ trace_id: API_KEY }))).toMatchObject({ traceId: null });
    expect(read(500, '{"trace_id":"t1"}', { 'x-trace-id': echoed })).toMatchObject({ traceId: 't1' });
  });

  it('believes the Retry-After header before the body', () => {
    const body = '{"error":{"retry_after":45}}';
    expect(read(429, body, { 'retry-after': '10' })).toMatchObject({ retryAfterMs: 10_000 });
    expect(read(429, body, { 'retry-after': '0' })).toMatchObject({ retryAfterMs: 45_000 });
    expect(read(429, null, { 'retry-after': 'Sun, 22 Nov 2026 12:01:00 GMT' })).toMatchObject({
      retryAfterMs: 60_000,
    });
  });

  it("doesn't say that a read may have arrived: it changes nothing", () => {
    const none = { kind: 'none', wasSent: true, cause: 'timeout' } as const;
    expect(readAnswer(none, true, NOW, API_KEY)).toEqual({
      kind: 'unanswered',
      mayHaveArrived: false,
      cause: 'timeout',
    });
    expect(readAnswer(none, false, NOW, API_KEY)).toEqual({
      kind: 'unanswered',
      mayHaveArrived: true,
      cause: 'timeout',
    });
    expect(readAnswer({ ...none, wasSent: false }, false, NOW, API_KEY)).toMatchObject({
      mayHaveArrived: false,
    });
  });
});
