import { describe, expect, it } from 'vitest';
import { HOUR, MINUTE } from '../../../src/decide/duration.ts';
import { accountClosure, lineClosure } from '../../../src/decide/gate.ts';
import type { Hold, HoldReason, Line } from '../../../src/decide/hold.ts';
import { type Circumstances, createProblemList } from '../../../src/status/problems.ts';
import { holdOf, LINE, lineOf, OTHER_LINE, policyOf, T } from '../../helpers/builders.ts';

interface Given extends Partial<Omit<Circumstances, 'gates'>> {
  readonly holds?: readonly Hold[];
  readonly lines?: readonly Line[];
  readonly clockDistrustedSince?: number;
}

function circumstancesOf({ holds = [], lines = [], clockDistrustedSince, ...rest }: Given): Circumstances {
  const now = rest.now ?? T + HOUR;
  return {
    now,
    gates: {
      account: accountClosure(holds, now),
      holds,
      lines: lines.map((line) => ({ line, closure: lineClosure(line, holds, now) })),
      inFlight: 0,
      clockDistrustedSince: clockDistrustedSince ?? null,
    },
    probe: { isWritable: true },
    quarantined: { count: 0, oldestAt: null },
    parked: { count: 0, oldestAt: null },
    policy: policyOf(),
    showNumbers: false,
    ...rest,
  };
}

const SINCE = new Date(T).toISOString();
const SEEN = new Date(T + HOUR).toISOString();
const ofLine = (reason: HoldReason) => ({
  holds: [holdOf({ scope: LINE, reason, until: T + 2 * HOUR })],
  lines: [lineOf()],
});

const OPENED: readonly [code: string, severity: string, since: string, line: string | null, given: Given][] =
  [
    ['api_key_rejected', 'error', SINCE, null, { holds: [holdOf({ reason: 'api_key_rejected', until: T })] }],
    ['feature_disabled', 'error', SINCE, null, { holds: [holdOf({ reason: 'feature_disabled', until: T })] }],
    ['clock_skew', 'error', SINCE, null, { clockDistrustedSince: T }],
    [
      'api_unavailable',
      'error',
      SINCE,
      null,
      { holds: [holdOf({ reason: 'api_unavailable' })], now: T + 10 * MINUTE + 1 },
    ],
    [
      'api_unavailable',
      'warning',
      SINCE,
      null,
      { holds: [holdOf({ reason: 'api_unavailable' })], now: T + 10 * MINUTE },
    ],
    ['store_failing', 'error', SINCE, null, { probe: { isWritable: false, fault: 'full', failingSince: T } }],
    [
      'card_missing',
      'warning',
      SEEN,
      '+1•••••0100',
      { lines: [lineOf({ card: 'missing', cardCheckedAt: T + HOUR })] },
    ],
    [
      'card_inactive',
      'warning',
      SEEN,
      '+1•••••0100',
      { lines: [lineOf({ card: 'inactive', cardCheckedAt: T + HOUR })] },
    ],
    [
      'line_flagged',
      'warning',
      SINCE,
      '+1•••••0100',
      { lines: [lineOf({ status: 'FLAGGED', statusAt: T })] },
    ],
    ['line_paused', 'warning', SINCE, '+1•••••0100', ofLine('line_paused')],
    ['line_not_ours', 'warning', SINCE, '+1•••••0100', ofLine('line_not_ours')],
    [
      'rate_limited',
      'warning',
      SINCE,
      null,
      { holds: [holdOf({ reason: 'rate_limited', until: T + 2 * HOUR })] },
    ],
    ['unreadable_deliveries', 'warning', SINCE, null, { quarantined: { count: 3, oldestAt: T } }],
    ['chats_parked', 'warning', SINCE, null, { parked: { count: 2, oldestAt: T } }],
  ];

describe('the list of problems', () => {
  it.each(OPENED)('opens %s as %s, says since when, and clears it', (code, severity, since, line, given) => {
    const list = createProblemList();
    const [problem, ...others] = list(circumstancesOf(given));
    expect(problem).toMatchObject({ code, severity, since, line });
    expect(problem?.message).not.toMatch(/LINE|DETAIL/);
    expect(problem?.remedy.length).toBeGreaterThan(20);
    expect(others).toEqual([]);
    expect(list(circumstancesOf({ lines: [lineOf()] }))).toEqual([]);
  });

  it('lists nothing for a pause, which an operator wants', () => {
    expect(createProblemList()(circumstancesOf({ holds: [holdOf({ reason: 'paused' })] }))).toEqual([]);
  });

  it('lists no pause that has ended by itself', () => {
    const holds = [
      holdOf({ reason: 'rate_limited', until: T + MINUTE }),
      holdOf({ scope: LINE, reason: 'line_paused', until: T + MINUTE }),
    ];
    expect(createProblemList()(circumstancesOf({ holds, lines: [lineOf()] }))).toEqual([]);
  });

  it('lists every hold of the account that stands, not only the one that closes it first', () => {
    const holds = [
      holdOf({ reason: 'rate_limited', since: T + 1, until: T + 2 * HOUR }),
      holdOf({ reason: 'api_key_rejected', since: T + 2 }),
    ];
    const codes = createProblemList()(circumstancesOf({ holds })).map(({ code }) => code);
    expect(codes).toEqual(['api_key_rejected', 'rate_limited']);
  });

  it('puts errors before warnings, and the oldest first', () => {
    const given = {
      lines: [lineOf({ status: 'FLAGGED', statusAt: T - 1 }), lineOf({ line: OTHER_LINE, card: 'missing' })],
      quarantined: { count: 1, oldestAt: T - 2 },
      clockDistrustedSince: T,
    };
    const codes = createProblemList()(circumstancesOf(given)).map(({ code }) => code);
    expect(codes).toEqual(['clock_skew', 'unreadable_deliveries', 'line_flagged', 'card_missing']);
  });

  it('remembers since when a card is missing, until it is there again', () => {
    const list = createProblemList();
    const sinceOf = (line: Line) => list(circumstancesOf({ lines: [line] }))[0]?.since;
    expect(sinceOf(lineOf({ card: 'missing', cardCheckedAt: T }))).toBe(SINCE);
    expect(sinceOf(lineOf({ card: 'missing', cardCheckedAt: T + HOUR }))).toBe(SINCE);
    expect(sinceOf(lineOf())).toBeUndefined();
    expect(sinceOf(lineOf({ card: 'missing', cardCheckedAt: T + HOUR }))).toBe(SEEN);
  });

  it('leaves out lines that LINQ_LINES leaves out', () => {
    const given = {
      lines: [lineOf({ card: 'missing' })],
      policy: policyOf({ lines: new Set([OTHER_LINE]) }),
    };
    expect(createProblemList()(circumstancesOf(given))).toEqual([]);
  });

  it('names a line in full only when asked to', () => {
    const given = { lines: [lineOf({ card: 'missing' })] };
    const [masked] = createProblemList()(circumstancesOf(given));
    const [full] = createProblemList()(circumstancesOf({ ...given, showNumbers: true }));
    expect(masked?.message).toBe("+1•••••0100 has no contact card, so its chats can't get one.");
    expect(full).toMatchObject({ line: LINE, message: expect.stringContaining(LINE) });
  });
});
