import { describe, expect, it } from 'vitest';
import {
  accountHold,
  type Hold,
  type Line,
  lineHold,
  type StoredHoldReason,
} from '../../../../src/decide/holds.ts';
import { maskNumber } from '../../../../src/decide/text.ts';
import { HOUR, MINUTE } from '../../../../src/decide/time.ts';
import { createProblemBook } from '../../../../src/status/problems/problem-book.ts';
import {
  compareProblems,
  PROBLEM_WORDS,
  showProblem,
} from '../../../../src/status/problems/problem-words.ts';
import { findProblems, type ProblemSnapshot } from '../../../../src/status/problems/problems.ts';
import type { ShowLine } from '../../../../src/status/view/chat-view.ts';
import type { ReportedProblem } from '../../../../src/store/store.ts';
import { holdOf, LINE, lineOf, OTHER_LINE, policyOf, T } from '../../../helpers/builders.ts';

interface Given extends Partial<Omit<ProblemSnapshot, 'dispatcher'>> {
  readonly holds?: readonly Hold[];
  readonly lines?: readonly Line[];
  readonly clockDistrustedSince?: number;
}

const MIB = 1024 ** 2;
const ROOMY = { freeBytes: 500_000 * MIB, totalBytes: 1_000_000 * MIB };

function snapshotOf({ holds = [], lines = [], clockDistrustedSince, ...rest }: Given): ProblemSnapshot {
  const now = rest.now ?? T + HOUR;
  return {
    now,
    dispatcher: {
      account: accountHold(holds, now),
      holds,
      lines: lines.map((line) => ({ line, hold: lineHold(line, holds, now) })),
      inFlight: 0,
      clockDistrustedSince: clockDistrustedSince ?? null,
    },
    probe: { isWritable: true },
    quarantined: { count: 0, oldestAt: null },
    parked: { count: 0, oldestAt: null },
    silence: { silentMs: 0, limitMs: 24 * HOUR },
    signatures: 'fine',
    overdue: 'fine',
    disk: ROOMY,
    backup: 'fine',
    subscription: 'fine',
    catchUp: null,
    alerts: 'fine',
    doSettingsDiffer: false,
    replicaId: null,
    others: [],
    policy: policyOf(),
    ...rest,
  };
}

/** Looks again and again, as a service does from its start on. */
function createList(showLine: ShowLine = maskNumber) {
  const book = createProblemBook([], false);
  return (given: Given) => {
    const snapshot = snapshotOf(given);
    book.update(findProblems(snapshot), snapshot.now);
    return book
      .open()
      .map(({ found, since }) => showProblem(found, since, showLine))
      .sort(compareProblems);
  };
}

const SINCE = new Date(T).toISOString();
const SEEN = new Date(T + HOUR).toISOString();
const ofLine = (reason: StoredHoldReason) => ({
  holds: [holdOf({ scope: LINE, reason, until: T + 2 * HOUR })],
  lines: [lineOf()],
});
const ofAccount = (reason: StoredHoldReason, until: number | null = null) => ({
  holds: [holdOf({ reason, until })],
});

type Opened = readonly [
  code: keyof typeof PROBLEM_WORDS,
  severity: string,
  since: string,
  line: string | null,
  given: Given,
];

const OPENED: readonly Opened[] = [
  ['api_key_rejected', 'error', SINCE, null, ofAccount('api_key_rejected', T)],
  ['feature_disabled', 'error', SINCE, null, ofAccount('feature_disabled', T)],
  ['clock_skew', 'error', SINCE, null, { clockDistrustedSince: T }],
  ['api_unavailable', 'error', SINCE, null, { ...ofAccount('api_unavailable'), now: T + 10 * MINUTE + 1 }],
  ['api_unavailable', 'warning', SINCE, null, { ...ofAccount('api_unavailable'), now: T + 10 * MINUTE }],
  ['store_failing', 'error', SINCE, null, { probe: { isWritable: false, fault: 'full', failingSince: T } }],
  ['shares_overdue', 'error', SEEN, null, { overdue: 'overdue' }],
  ['subscription_missing', 'error', SEEN, null, { subscription: 'missing' }],
  ['subscription_inactive', 'error', SEEN, null, { subscription: 'inactive' }],
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
  ['line_flagged', 'warning', SINCE, '+1•••••0100', { lines: [lineOf({ status: 'FLAGGED', statusAt: T })] }],
  ['line_paused', 'warning', SINCE, '+1•••••0100', ofLine('line_paused')],
  ['line_not_ours', 'warning', SINCE, '+1•••••0100', ofLine('line_not_ours')],
  ['rate_limited', 'warning', SINCE, null, ofAccount('rate_limited', T + 2 * HOUR)],
  ['unreadable_deliveries', 'warning', SINCE, null, { quarantined: { count: 3, oldestAt: T } }],
  ['chats_parked', 'warning', SINCE, null, { parked: { count: 2, oldestAt: T } }],
  ['webhooks_silent', 'warning', SINCE, null, { silence: { silentMs: HOUR, limitMs: HOUR } }],
  ['signature_failures', 'warning', SINCE, null, { signatures: { since: T, isAll: false } }],
  ['signature_failures', 'error', SINCE, null, { signatures: { since: T, isAll: true } }],
  ['disk_low', 'warning', SEEN, null, { disk: { ...ROOMY, freeBytes: 1024 * MIB - 1 } }],
  ['disk_low', 'warning', SEEN, null, { disk: { freeBytes: 10 * MIB - 1, totalBytes: 100 * MIB } }],
  ['backup_stale', 'warning', SEEN, null, { backup: 'stale' }],
  [
    'catch_up_failing',
    'warning',
    SINCE,
    null,
    { catchUp: { since: T, lastAt: T, tries: 3, cause: 'http_500' } },
  ],
  ['alerts_failing', 'warning', SINCE, null, { alerts: { failingSince: T, cause: 'HTTP 400' } }],
  ['settings_differ', 'warning', SEEN, null, { doSettingsDiffer: true }],
];

describe('the list of problems', () => {
  it.each(OPENED)('opens %s as %s, says since when, and clears it', (code, severity, since, line, given) => {
    const list = createList();
    const [problem, ...others] = list(given);
    expect(problem).toMatchObject({ code, severity, since, line });
    expect(`${problem?.message} ${problem?.remedy}`).not.toMatch(/\bLINE\b|\bDETAIL\b|\?/);
    expect(problem?.remedy.length).toBeGreaterThan(20);
    expect(others).toEqual([]);
    expect(list({ lines: [lineOf()] })).toEqual([]);
  });

  it('has an example of every code here', () => {
    expect(Object.keys(PROBLEM_WORDS).sort()).toEqual([...new Set(OPENED.map(([code]) => code))].sort());
  });

  it('fills in a line where one is meant, and leaves the names of settings whole', () => {
    const [problem] = createList()(ofAccount('rate_limited', T + 2 * HOUR));
    expect(problem?.remedy).toContain('lower SHARE_RATE_PER_LINE and');
  });

  it.each([
    ['a silence a moment short of the limit', { silence: { silentMs: HOUR - 1, limitMs: HOUR } }],
    ['a silence where none is too long', { silence: { silentMs: 1e12, limitMs: 0 } }],
    ['a large disk with 1 GiB left', { disk: { ...ROOMY, freeBytes: 1024 * MIB } }],
    ['a small disk with a tenth left', { disk: { freeBytes: 10 * MIB, totalBytes: 100 * MIB } }],
    ['a disk that nobody knows of', { disk: null }],
    ['a pause, which an operator wants', ofAccount('paused')],
    ['a pause of the account that has ended by itself', ofAccount('rate_limited', T + MINUTE)],
    [
      'a pause of a line that has ended by itself',
      { lines: [lineOf()], holds: [holdOf({ scope: LINE, reason: 'line_paused', until: T + MINUTE })] },
    ],
    [
      'a line that LINQ_LINES leaves out',
      { lines: [lineOf({ card: 'missing' })], policy: policyOf({ lines: new Set([OTHER_LINE]) }) },
    ],
  ] as const)('leaves out %s', (_, given) => {
    expect(createList()(given)).toEqual([]);
  });

  it.each([
    ['signature_failures', { signatures: { since: T + HOUR, isAll: false } }, { signatures: 'unknown' }],
    ['shares_overdue', { overdue: 'overdue' }, { overdue: 'unknown' }],
    ['backup_stale', { backup: 'stale' }, { backup: 'unknown' }],
    ['alerts_failing', { alerts: { failingSince: T + HOUR, cause: 'HTTP 400' } }, { alerts: 'unknown' }],
    ['subscription_missing', { subscription: 'missing' }, { subscription: 'unknown' }],
    ['subscription_inactive', { subscription: 'inactive' }, { subscription: 'unknown' }],
  ] as const)('keeps %s as it was while nobody knows', (code, open, unknown) => {
    const list = createList();
    expect(list(unknown)).toEqual([]);
    list(open);
    expect(list(unknown)).toMatchObject([{ code, since: SEEN }]);
    expect(list({})).toEqual([]);
  });

  it('closes a problem of the subscription once PUBLIC_URL isn’t set any more', () => {
    const list = createList();
    expect(list({ subscription: 'missing' })).toHaveLength(1);
    expect(list({ subscription: 'unwatched' })).toEqual([]);
  });

  it('lists every hold of the account that stands, not only the one that closes it first', () => {
    const holds = [
      holdOf({ reason: 'rate_limited', since: T + 1, until: T + 2 * HOUR }),
      holdOf({ reason: 'api_key_rejected', since: T + 2 }),
    ];
    const codes = createList()({ holds }).map(({ code }) => code);
    expect(codes).toEqual(['api_key_rejected', 'rate_limited']);
  });

  it('puts errors before warnings, and the oldest first', () => {
    const given = {
      lines: [lineOf({ status: 'FLAGGED', statusAt: T - 1 }), lineOf({ line: OTHER_LINE, card: 'missing' })],
      quarantined: { count: 1, oldestAt: T - 2 },
      clockDistrustedSince: T,
    };
    const codes = createList()(given).map(({ code }) => code);
    expect(codes).toEqual(['clock_skew', 'unreadable_deliveries', 'line_flagged', 'card_missing']);
  });

  it('remembers since when a card is missing, until it is there again', () => {
    const list = createList();
    const sinceOf = (line: Line) => list({ lines: [line] })[0]?.since;
    expect(sinceOf(lineOf({ card: 'missing', cardCheckedAt: T }))).toBe(SINCE);
    expect(sinceOf(lineOf({ card: 'missing', cardCheckedAt: T + HOUR }))).toBe(SINCE);
    expect(sinceOf(lineOf())).toBeUndefined();
    expect(sinceOf(lineOf({ card: 'missing', cardCheckedAt: T + HOUR }))).toBe(SEEN);
  });

  it('names a line as it is shown', () => {
    const given = { lines: [lineOf({ card: 'missing' })] };
    const [masked] = createList()(given);
    const [full] = createList((line) => line)(given);
    expect(masked?.message).toBe('+1•••••0100 has no contact card, so its chats can’t get one.');
    expect(full).toMatchObject({ line: LINE, message: expect.stringContaining(LINE) });
  });
});

describe('a problem that only one replica can see', () => {
  const other = (id: string, ...problems: ReportedProblem[]) => ({ id, report: { problems, catchUp: null } });
  const SKEWED = { code: 'clock_skew', since: T, errorSince: null, detail: null };
  const REFUSED = { code: 'signature_failures', since: T, errorSince: T + 1, detail: null };
  const FULL = { code: 'store_failing', since: T + 1, errorSince: null, detail: 'full' };
  const self = { replicaId: 'aaaaaaaa-1' };
  const WORDS_OF = Object.fromEntries(
    Object.entries(PROBLEM_WORDS).map(([code, { message }]) => [code, message]),
  );

  it('is open at all of them, and names the one', () => {
    const others = [other('bbbbbbbb-1', SKEWED), other('cccccccc-1', REFUSED)];
    expect(createList()({ ...self, others })).toMatchObject([
      { code: 'clock_skew', since: SINCE, message: `On replica bbbbbbbb: ${WORDS_OF.clock_skew}` },
      {
        code: 'signature_failures',
        severity: 'error',
        message: expect.stringMatching(/^On replica cccccccc: /),
      },
    ]);
  });

  it('is one if several see it, since the first saw it, and names none if all do', () => {
    const list = createList();
    const others = [other('bbbbbbbb-1', FULL), other('cccccccc-1')];
    const probe = { isWritable: false, fault: 'io', failingSince: T + 5 } as const;
    expect(list({ ...self, others, probe })).toMatchObject([
      { code: 'store_failing', message: expect.stringMatching(/^On replicas aaaaaaaa, bbbbbbbb: .*\(io\)/) },
    ]);
    expect(list({ ...self, others: others.slice(0, 1), probe })).toMatchObject([
      { since: new Date(T + 1).toISOString(), message: expect.stringMatching(/^The database/) },
    ]);
    expect(list({ ...self, others: [other('bbbbbbbb-1')] })).toEqual([]);
  });

  it('is what a replica reports, of all that it sees', () => {
    const given = {
      clockDistrustedSince: T,
      doSettingsDiffer: true,
      signatures: { since: null, isAll: true },
    };
    const found = findProblems(snapshotOf({ ...self, ...given, now: T + 7, others: [other('b', FULL)] }));
    expect(found.own).toEqual([SKEWED, { ...REFUSED, since: T + 7, errorSince: null }]);
  });

  it('is ignored if it is something that all see, or another version’s', () => {
    const strange = [
      { ...SKEWED, code: 'settings_differ' },
      { ...SKEWED, code: 'new' },
    ];
    expect(createList()({ ...self, others: [other('b', ...strange)] })).toEqual([]);
  });
});
