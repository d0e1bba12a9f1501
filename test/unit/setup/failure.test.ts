import { describe, expect, it } from 'vitest';
import type { LinqAnswer } from '../../../src/decide/outcome.ts';
import { failureOf } from '../../../src/setup/failure.ts';

type Answered = Extract<LinqAnswer, { kind: 'answered' }>;

const answered = (difference: Partial<Answered>): LinqAnswer => ({
  kind: 'answered',
  httpStatus: 500,
  linqCode: 3006,
  traceId: 'trace-1',
  hasEnvelope: true,
  isJson: true,
  retryAfterMs: null,
  ...difference,
});
const unanswered = (cause: string): LinqAnswer => ({ kind: 'unanswered', mayHaveArrived: true, cause });

describe('what is said of a call that failed', () => {
  it.each<[string, LinqAnswer, string, RegExp]>([
    [
      'nobody answers',
      unanswered('refused'),
      'REACTOR_UNREACHABLE',
      /reached to do it \(refused\).*LINQ_API_BASE_URL/,
    ],
    ['an answer makes no sense', unanswered('unreadable'), 'REACTOR_SETUP', /doesn’t answer like Linq/],
    [
      'the key is wrong',
      answered({ httpStatus: 401, linqCode: 2004 }),
      'REACTOR_CONFIG',
      /rejects the API key.*2004/,
    ],
    [
      'there were too many',
      answered({ httpStatus: 429, retryAfterMs: 1_500 }),
      'REACTOR_SETUP',
      /again in 2 s/,
    ],
    [
      'a gateway answers',
      answered({ httpStatus: 502, isJson: false, hasEnvelope: false }),
      'REACTOR_SETUP',
      /LINQ_API_BASE_URL/,
    ],
    [
      'the path is wrong',
      answered({ httpStatus: 404, linqCode: null, hasEnvelope: false }),
      'REACTOR_SETUP',
      /LINQ_API_BASE_URL/,
    ],
    [
      'a gateway refuses, which says nothing of the key',
      answered({ httpStatus: 401, linqCode: null, hasEnvelope: false }),
      'REACTOR_SETUP',
      /HTTP 401.*proxy or firewall in between/,
    ],
    [
      'Linq is in trouble',
      answered({}),
      'REACTOR_SETUP',
      /HTTP 500, code 3006, trace id trace-1.*few minutes/,
    ],
    ['Linq refuses', answered({ httpStatus: 403, linqCode: 2011 }), 'REACTOR_SETUP', /code 2011.*support/],
  ])('when %s', (_, answer, code, message) => {
    const failure = failureOf('do it', answer);
    expect(failure.code).toBe(code);
    expect(failure.message).toMatch(message);
  });
});
