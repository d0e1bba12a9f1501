import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  classifyAnswer,
  countedAs,
  type LinqAnswer,
  OUTCOMES,
  outcomeOf,
  type Verdict,
} from '../../../src/decide/outcome.ts';
import { holds } from './properties.ts';

type Answered = Extract<LinqAnswer, { kind: 'answered' }>;

/** Linq's own words, unless the test says otherwise. */
const answered = (parts: Partial<Answered>): Answered => ({
  kind: 'answered',
  httpStatus: 400,
  linqCode: null,
  traceId: null,
  hasEnvelope: true,
  isJson: true,
  retryAfterMs: null,
  ...parts,
});
const notJson = { isJson: false, hasEnvelope: false };
const transient: Verdict = { kind: 'transient', mayHaveArrived: false, retryAfterMs: null };
const rejected: Verdict = { kind: 'rejected' };
const gone: Verdict = { kind: 'retired', reason: 'chat_gone' };
const unsupported: Verdict = { kind: 'retired', reason: 'unsupported' };

/** Every code that Linq documents with the status it documents for it. */
const DOCUMENTED: readonly (readonly [number, number, Verdict])[] = [
  [1001, 400, rejected],
  [1002, 400, rejected],
  [1003, 400, rejected],
  [1003, 422, rejected],
  [1004, 400, rejected],
  [1005, 400, rejected],
  [1006, 409, rejected],
  [1007, 429, { kind: 'rate_limited', retryAfterMs: null }],
  [1008, 400, rejected],
  [2001, 404, gone],
  [2002, 404, rejected],
  [2003, 404, rejected],
  [2004, 401, { kind: 'api_key_rejected' }],
  [2005, 403, gone],
  [2006, 403, { kind: 'line_not_ours' }],
  [2007, 404, rejected],
  [2008, 403, { kind: 'opted_out' }],
  [2009, 409, transient],
  [2010, 404, rejected],
  [2011, 403, { kind: 'feature_disabled' }],
  [2012, 404, { kind: 'card_missing' }],
  [2013, 409, { kind: 'retired', reason: 'chat_left' }],
  [2014, 409, rejected],
  [2015, 409, transient],
  [2016, 409, unsupported],
  [2017, 409, unsupported],
  [2018, 409, rejected],
  [2019, 404, rejected],
  [2021, 404, rejected],
  [2022, 500, transient],
  [2023, 409, rejected],
  [2024, 403, { kind: 'opted_out' }],
  [2026, 403, { kind: 'recipient_blocked' }],
  [2027, 403, { kind: 'line_paused' }],
  [3001, 500, transient],
  [3002, 500, transient],
  [3003, 500, transient],
  [3004, 500, transient],
  [3005, 504, transient],
  [3006, 500, transient],
  [3007, 500, transient],
  [4001, 500, transient],
  [4002, 500, { kind: 'line_paused' }],
  [4003, 500, transient],
  [4004, 503, transient],
  [4005, 422, rejected],
  [4009, 503, transient],
  [4010, 503, transient],
  [5001, 500, transient],
  [5002, 500, transient],
  [5003, 500, transient],
  [5004, 400, rejected],
  [5005, 400, rejected],
  [5006, 400, rejected],
  [5007, 400, rejected],
];

/** Codes whose meaning doesn't depend on the status. */
const BY_CODE = DOCUMENTED.filter(([, , verdict]) => verdict.kind !== 'rejected' && verdict !== transient);

describe('classifyAnswer', () => {
  it.each(DOCUMENTED)('reads code %i with its documented status %i', (linqCode, httpStatus, verdict) => {
    expect(classifyAnswer(answered({ linqCode, httpStatus }))).toEqual(verdict);
  });

  it.each(BY_CODE)(
    'reads code %i (documented with %i) alike under any other refusal',
    (linqCode, _, verdict) => {
      for (const httpStatus of [400, 401, 403, 404, 409, 422, 500]) {
        expect(classifyAnswer(answered({ linqCode, httpStatus }))).toEqual(verdict);
      }
    },
  );

  it.each([2009, 2015])('takes code %i for passing under any refusal', (linqCode) => {
    for (const httpStatus of [400, 401, 404, 409, 422, 500]) {
      expect(classifyAnswer(answered({ linqCode, httpStatus }))).toEqual(transient);
    }
  });

  it('takes any 2xx for a share, whatever its body says', () => {
    holds(
      fc.property(
        fc.integer({ min: 200, max: 299 }),
        fc.option(fc.integer()),
        fc.boolean(),
        (httpStatus, linqCode, isJson) => {
          expect(classifyAnswer(answered({ httpStatus, linqCode, isJson }))).toEqual({ kind: 'shared' });
        },
      ),
    );
  });

  it('takes any 429 for a rate limit, whatever its code or body', () => {
    for (const linqCode of [null, 1007, 1015, 2001, 2004, 2012]) {
      const answer = answered({ httpStatus: 429, linqCode, ...notJson, retryAfterMs: 45_000 });
      expect(classifyAnswer(answer)).toEqual({ kind: 'rate_limited', retryAfterMs: 45_000 });
    }
  });

  it('takes a 503 for a rate limit only when it says how long to wait', () => {
    expect(classifyAnswer(answered({ httpStatus: 503, retryAfterMs: 7_000 }))).toEqual({
      kind: 'rate_limited',
      retryAfterMs: 7_000,
    });
    expect(classifyAnswer(answered({ httpStatus: 503 }))).toEqual(transient);
  });

  it.each([
    [401, { kind: 'api_key_rejected' }],
    [400, rejected],
    [403, rejected],
    [404, rejected],
    [405, rejected],
    [408, transient],
    [409, rejected],
    [422, rejected],
    [499, rejected],
    [500, transient],
    [502, transient],
    [504, transient],
    [599, transient],
    [301, transient],
    [302, transient],
    [308, transient],
  ] satisfies [number, Verdict][])(
    'reads status %i by itself when no code is known',
    (httpStatus, verdict) => {
      for (const linqCode of [null, 9999]) {
        expect(classifyAnswer(answered({ httpStatus, linqCode }))).toEqual(verdict);
      }
    },
  );

  it.each([400, 401, 403, 404, 405, 409, 413, 422, 451, 500, 502, 503, 301, 307])(
    "takes %i without Linq's envelope for another's, JSON or not",
    (httpStatus) => {
      for (const isJson of [true, false])
        expect(classifyAnswer(answered({ httpStatus, isJson, hasEnvelope: false }))).toEqual(transient);
    },
  );

  it('pauses for anyone who says how long to wait, with 429 or 503', () => {
    for (const httpStatus of [429, 503])
      expect(classifyAnswer(answered({ httpStatus, ...notJson, retryAfterMs: 7_000 }))).toEqual({
        kind: 'rate_limited',
        retryAfterMs: 7_000,
      });
  });

  it('hands on how long Linq asks to wait', () => {
    for (const parts of [{ httpStatus: 500 }, { httpStatus: 409, linqCode: 2009 }]) {
      expect(classifyAnswer(answered({ ...parts, retryAfterMs: 5_000 }))).toEqual({
        ...transient,
        retryAfterMs: 5_000,
      });
    }
  });

  it.each([true, false])('takes no answer for transient, with mayHaveArrived %s', (mayHaveArrived) => {
    const verdict = classifyAnswer({ kind: 'unanswered', mayHaveArrived, cause: 'timeout' });
    expect(verdict).toEqual({ kind: 'transient', mayHaveArrived, retryAfterMs: null });
  });

  it('never takes anything but a 2xx for a share', () => {
    const refusal = fc.record({
      httpStatus: fc.oneof(fc.integer({ min: 300, max: 599 }), fc.integer({ min: 100, max: 199 })),
      linqCode: fc.option(fc.integer({ min: 1, max: 9_999 })),
      isJson: fc.boolean(),
      hasEnvelope: fc.boolean(),
      retryAfterMs: fc.option(fc.integer({ min: 1 })),
    });
    holds(
      fc.property(refusal, (parts) => {
        expect(outcomeOf(classifyAnswer(answered(parts)))).toMatch(/^(retry|rejected)$/);
      }),
    );
  });
});

describe('outcomeOf', () => {
  it.each([
    [{ kind: 'shared' }, 'shared'],
    [{ kind: 'transient', mayHaveArrived: true, retryAfterMs: null }, 'unknown'],
    [{ kind: 'transient', mayHaveArrived: false, retryAfterMs: null }, 'retry'],
    [{ kind: 'rate_limited', retryAfterMs: null }, 'retry'],
    [{ kind: 'api_key_rejected' }, 'rejected'],
    [{ kind: 'feature_disabled' }, 'rejected'],
    [{ kind: 'card_missing' }, 'rejected'],
    [{ kind: 'line_paused' }, 'rejected'],
    [{ kind: 'line_not_ours' }, 'rejected'],
    [{ kind: 'retired', reason: 'chat_left' }, 'rejected'],
    [{ kind: 'opted_out' }, 'rejected'],
    [{ kind: 'recipient_blocked' }, 'rejected'],
    [{ kind: 'rejected' }, 'rejected'],
  ] satisfies [Verdict, string][])('records %o as %s', (verdict, outcome) => {
    expect(outcomeOf(verdict)).toBe(outcome);
  });
});

describe('countedAs', () => {
  it('counts a share as a success, a dry run not at all, and any other outcome as a failure', () => {
    const counted = Object.fromEntries(OUTCOMES.map((outcome) => [outcome, countedAs(outcome)]));
    expect(counted).toEqual({
      shared: 'succeeded',
      retry: 'failed',
      rejected: 'failed',
      unknown: 'failed',
      interrupted: 'failed',
      dry_run: null,
    });
  });
});
