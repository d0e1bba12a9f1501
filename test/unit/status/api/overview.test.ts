import { describe, expect, it } from 'vitest';
import { accountHold, type Hold, type Line, lineHold, standingHolds } from '../../../../src/decide/holds.ts';
import { HOUR, MINUTE } from '../../../../src/decide/time.ts';
import { type OverviewInput, showOverview } from '../../../../src/status/api/overview.ts';
import { showCounts } from '../../../../src/status/view/chat-view.ts';
import type { Problem } from '../../../../src/status/view/schemas.ts';
import type { ChatCount } from '../../../../src/store/store.ts';
import { createWebhookCounters } from '../../../../src/webhook/report.ts';
import { holdOf, LINE, lineOf, OTHER_LINE, policyOf, T } from '../../../helpers/builders.ts';

const NOW = T + HOUR;
const UNCHANGED = { changedAt: null, sharedAgain: null, left: null };
const NEVER_CAUGHT_UP = {
  state: 'idle',
  cause: null,
  lastCompletedAt: null,
  startedAt: null,
  chatsSeen: 0,
  chatsTotal: null,
  chatsRead: 0,
  chatsChanged: 0,
  chatsUnread: 0,
};

interface Given extends Partial<Omit<OverviewInput, 'dispatcher' | 'counts'>> {
  readonly holds?: readonly Hold[];
  readonly lines?: readonly Line[];
  readonly counts?: readonly ChatCount[];
}

function overviewOf({ holds = [], lines = [], counts = [], ...rest }: Given = {}) {
  const dispatcher = {
    account: accountHold(holds, NOW),
    holds,
    lines: lines.map((line) => ({ line, hold: lineHold(line, holds, NOW) })),
    inFlight: 0,
    clockDistrustedSince: null,
  };
  return showOverview({
    version: '1.2.3',
    replicas: [
      {
        id: 'replica-1',
        version: '1.2.3',
        fingerprint: '',
        startedAt: T,
        seenAt: NOW,
        report: { problems: [], catchUp: null },
        isLeader: true,
      },
    ],
    startedAt: T,
    now: NOW,
    problems: [],
    webhooks: createWebhookCounters(),
    totals: { succeeded: 7, lastSucceededAt: T, last24h: { succeeded: 5, failed: 2 } },
    heads: [],
    store: { kind: 'sqlite', schemaVersion: 1, sizeBytes: 4096 },
    lastBackupAt: null,
    catchUp: { activity: 'idle', cause: null, run: null, completedAt: null },
    policy: policyOf(),
    cardShares: [],
    showNumbers: false,
    ...rest,
    dispatcher,
    counts: showCounts(counts, standingHolds(dispatcher)),
  });
}

const dueOf = (line: string | null, count = 1): ChatCount => ({
  line,
  state: 'due',
  reason: 'window_lapsed',
  count,
});
const problemOf = (severity: Problem['severity']): Problem => ({
  code: 'x',
  severity,
  since: '',
  line: null,
  message: '',
  remedy: '',
});

describe('the whole picture', () => {
  it('is ok unless an error is open', () => {
    expect(overviewOf().ok).toBe(true);
    expect(overviewOf({ problems: [problemOf('warning')] }).ok).toBe(true);
    expect(overviewOf({ problems: [problemOf('warning'), problemOf('error')] }).ok).toBe(false);
  });

  it('has every part, with null for what is absent', () => {
    expect(overviewOf()).toEqual({
      ok: true,
      version: '1.2.3',
      startedAt: '2026-11-03T16:00:00.000Z',
      now: '2026-11-03T17:00:00.000Z',
      problems: [],
      webhooks: {
        lastAcceptedAt: null,
        accepted: 0,
        ignored: 0,
        quarantined: 0,
        rejected: { missing: 0, malformed: 0, mismatch: 0, stale: 0, size: 0, type: 0, limited: 0 },
      },
      chats: {
        total: 0,
        byState: { retired: 0, held: 0, done: 0, waiting: 0, idle: 0, retrying: 0, due: 0, sharing: 0 },
      },
      shares: {
        total: 7,
        last24h: { succeeded: 5, failed: 2 },
        lastSucceededAt: '2026-11-03T16:00:00.000Z',
        nextDueAt: null,
        overdue: 0,
        oldestOverdueSeconds: null,
      },
      lines: [],
      catchUp: NEVER_CAUGHT_UP,
      store: { kind: 'sqlite', schemaVersion: 1, sizeBytes: 4096, lastBackupAt: null },
      replicas: [
        {
          id: 'replica-1',
          version: '1.2.3',
          startedAt: '2026-11-03T16:00:00.000Z',
          seenAt: '2026-11-03T17:00:00.000Z',
          isLeader: true,
        },
      ],
      paused: false,
      dryRun: false,
    });
  });

  it('tells how many due chats nothing closes, and for how long the oldest has been due', () => {
    const heads = [
      { line: LINE, nextAttemptAt: NOW - 90_500 },
      { line: OTHER_LINE, nextAttemptAt: NOW - MINUTE },
    ];
    const lines = [lineOf(), lineOf({ line: OTHER_LINE })];
    const { shares } = overviewOf({ heads, lines, counts: [dueOf(LINE, 2), dueOf(OTHER_LINE)] });
    expect(shares).toMatchObject({
      overdue: 3,
      oldestOverdueSeconds: 90,
      nextDueAt: '2026-11-03T16:58:29.500Z',
    });
  });

  it('counts nothing behind a closed line as due or overdue', () => {
    const heads = [
      { line: LINE, nextAttemptAt: NOW - HOUR },
      { line: OTHER_LINE, nextAttemptAt: NOW + MINUTE },
    ];
    const lines = [lineOf({ card: 'missing' }), lineOf({ line: OTHER_LINE })];
    const { shares } = overviewOf({ heads, lines, counts: [dueOf(LINE, 5)] });
    expect(shares).toMatchObject({
      overdue: 0,
      oldestOverdueSeconds: null,
      nextDueAt: '2026-11-03T17:01:00.000Z',
    });
  });

  it('counts nothing as due or overdue while the account is closed', () => {
    const given = { heads: [{ line: null, nextAttemptAt: T }], counts: [dueOf(null)] };
    const { shares, paused } = overviewOf({ ...given, holds: [holdOf({ reason: 'paused' })] });
    expect(shares).toMatchObject({ overdue: 0, oldestOverdueSeconds: null, nextDueAt: null });
    expect(paused).toBe(true);
  });

  it('shows the lines in order, masked, each with its card, its chats, and what closes it', () => {
    const holds = [holdOf({ scope: OTHER_LINE, reason: 'line_paused', until: NOW + MINUTE })];
    const lines = [lineOf({ line: OTHER_LINE }), lineOf({ card: 'unknown', cardCheckedAt: null })];
    expect(overviewOf({ lines, holds, counts: [dueOf(LINE, 4)] }).lines).toEqual([
      {
        line: '+1•••••0100',
        card: { state: 'unknown', checkedAt: null, ...UNCHANGED },
        chats: 4,
        hold: 'card_unknown',
        until: null,
      },
      {
        line: '+1•••••0101',
        card: { state: 'active', checkedAt: '2026-11-03T16:00:00.000Z', ...UNCHANGED },
        chats: 0,
        hold: 'line_paused',
        until: '2026-11-03T17:01:00.000Z',
      },
    ]);
  });

  it('shows how far a changed card is', () => {
    const cardShares = [{ line: LINE, changedAt: T, sharedAgain: 3, left: 1 }];
    const [line] = overviewOf({ lines: [lineOf()], cardShares }).lines;
    expect(line?.card).toMatchObject({ changedAt: '2026-11-03T16:00:00.000Z', sharedAgain: 3, left: 1 });
  });

  it('shows full numbers when asked to, and lines that LINQ_LINES leaves out as such', () => {
    const policy = policyOf({ lines: new Set([OTHER_LINE]) });
    const [line] = overviewOf({ lines: [lineOf({ card: 'unknown' })], policy, showNumbers: true }).lines;
    expect(line).toMatchObject({ line: LINE, hold: 'line_excluded' });
  });
});
