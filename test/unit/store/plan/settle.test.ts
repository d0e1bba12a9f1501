import { describe, expect, it } from 'vitest';
import { DAY, SECOND } from '../../../../src/decide/time.ts';
import {
  isOurs,
  planLines,
  planLookedUp,
  planRecovery,
  planSettlement,
  settledBefore,
  withoutLease,
} from '../../../../src/store/plan/settle.ts';
import type { Claim, Settlement } from '../../../../src/store/turn.ts';
import { LINE, leaseOf, policyOf, T } from '../../../helpers/builders.ts';
import { storedOf, unstoredOf } from './rows.ts';

const policy = policyOf();
const LEASE = { lease: leaseOf(), state: 'due', nextAttemptAt: T - 5 } as const;
const leased = storedOf(LEASE);
const claim: Claim = {
  attemptId: 'attempt-1',
  trigger: 'became_eligible',
  startedAt: T,
  chatRow: 1,
  dueAt: T - 5,
  chat: leased.chat,
};
const shared: Settlement = {
  claim,
  endedAt: T + 50,
  result: {
    kind: 'verdict',
    verdict: { kind: 'shared' },
    httpStatus: 200,
    linqCode: null,
    traceId: 'x',
    random: 0,
  },
};
const withdrawn: Settlement = { claim, endedAt: T + 50, result: { kind: 'withdrawn' } };

describe('a settlement', () => {
  it('is ours while the chat has the lease of the claim, however old it is', () => {
    expect(isOurs(leased, claim)).toBe(true);
    expect(isOurs(storedOf({ lease: leaseOf({ until: 1 }) }), claim)).toBe(true);
    expect(isOurs(storedOf({ lease: leaseOf({ attemptId: 'attempt-2' }) }), claim)).toBe(false);
    expect(isOurs(storedOf(), claim)).toBe(false);
    expect(isOurs(unstoredOf(), claim)).toBe(false);
  });

  it('of a share begins the window at its end, and ends the attempt with it', () => {
    const { chats, attempts, settled } = planSettlement(leased, shared, policy, T + 60);
    const end = { endedAt: T + 50, outcome: 'shared', httpStatus: 200, linqCode: null, traceId: 'x' };
    expect(chats).toMatchObject([
      { stored: leased, chat: { state: 'waiting', nextAttemptAt: T + 50 + DAY, lease: null } },
    ]);
    expect(attempts).toEqual([{ stored: leased, lease: leaseOf(), end }]);
    expect(settled).toEqual({
      isOurs: true,
      chat: chats[0]?.chat,
      attempt: { attemptId: 'attempt-1', chatId: 'chat-1', trigger: 'became_eligible', startedAt: T, ...end },
    });
  });

  it('without a call leaves no attempt, and the chat in its old place', () => {
    const { chats, attempts, settled } = planSettlement(leased, withdrawn, policy, T + 60);
    expect(chats).toMatchObject([{ chat: { state: 'due', nextAttemptAt: T - 5, lease: null } }]);
    expect(attempts).toEqual([]);
    expect(settled).toMatchObject({ isOurs: true, attempt: null });
  });

  it('of a dry run is recorded as such', () => {
    const settlement: Settlement = { ...shared, result: { kind: 'dry_run' } };
    const { attempts } = planSettlement(leased, settlement, policyOf({ dryRun: true }), T + 60);
    expect(attempts).toMatchObject([{ end: { outcome: 'dry_run', httpStatus: null } }]);
  });
});

describe('a settlement whose lease isn’t ours', () => {
  const { settled: first } = planSettlement(leased, shared, policy, T + 60);
  const later = storedOf({ lastSharedAt: T + 50 });

  it('is told once more if its attempt ended just like that', () => {
    const again = settledBefore(later, first.attempt, shared);
    expect(again).toEqual({ isOurs: true, chat: later.chat, attempt: first.attempt });
  });

  it.each([
    ['endedAt', T + 51],
    ['outcome', 'interrupted'],
    ['httpStatus', 201],
    ['linqCode', 1],
    ['traceId', null],
  ] as const)('is lost if the attempt’s %s differs', (key, value) => {
    if (first.attempt === null) throw new Error('there is no attempt');
    const recorded = { ...first.attempt, [key]: value };
    expect(settledBefore(later, recorded, shared)).toEqual({
      isOurs: false,
      chat: later.chat,
      attempt: null,
    });
  });

  it('is lost if the attempt isn’t stored', () => {
    expect(settledBefore(later, null, shared)).toMatchObject({ isOurs: false });
  });

  it('was withdrawn before if its attempt is gone, and is lost if it isn’t', () => {
    expect(settledBefore(later, null, withdrawn)).toEqual({ isOurs: true, chat: later.chat, attempt: null });
    expect(settledBefore(later, first.attempt, withdrawn)).toMatchObject({ isOurs: false });
  });
});

describe('what was looked up', () => {
  const lease = leaseOf({ mayHaveCalled: false });
  const unknown = storedOf({ lease, line: null, lineAt: null, service: null, serviceAt: null });
  const facts = { line: LINE, service: 'iMessage', isGroup: false };

  it('lets the call begin if the chat is due by it', () => {
    const plan = planLookedUp(unknown, claim, facts, policy, T + 9);
    expect(plan).toMatchObject({ isDue: true, chat: { line: LINE, lookedUpAt: T + 9 } });
    expect(plan.chat.lease).toEqual({ ...lease, mayHaveCalled: true });
  });

  it('forbids it if the chat is not, or nobody is called at all', () => {
    const sms = planLookedUp(unknown, claim, { ...facts, service: 'SMS' }, policy, T + 9);
    expect(sms).toMatchObject({ isDue: false, chat: { lease } });
    const dry = planLookedUp(unknown, claim, facts, policyOf({ dryRun: true }), T + 9);
    expect(dry).toMatchObject({ isDue: true, chat: { lease } });
  });
});

describe('an attempt that was cut off', () => {
  it('ends as interrupted, counted as one that may have arrived if the call may have begun', () => {
    const { chat, attempts } = withoutLease(leased, T + SECOND);
    expect(chat).toMatchObject({ lease: null, interruptions: 1, uncertainAt: T });
    expect(attempts).toMatchObject([{ end: { outcome: 'interrupted', endedAt: T + SECOND } }]);
    const uncalled = storedOf({ lease: leaseOf({ mayHaveCalled: false }) });
    expect(withoutLease(uncalled, T).chat).toMatchObject({ uncertainAt: null });
  });

  it('is no attempt where nothing is leased', () => {
    const free = storedOf();
    expect(withoutLease(free, T)).toEqual({ chat: free.chat, attempts: [] });
  });

  it('is repeated before all that waits on its line, when the service starts', () => {
    const recovered = (first: number | null) =>
      planRecovery(leased, first, policy, T + SECOND).chats[0]?.chat;
    expect(recovered(T - 50)).toMatchObject({ state: 'due', nextAttemptAt: T - 51, lease: null });
    expect(recovered(T + DAY)).toMatchObject({ nextAttemptAt: T + SECOND });
    expect(recovered(null)).toMatchObject({ nextAttemptAt: T + SECOND - 1 });
  });

  it('parks the chat the third time in a row', () => {
    const of = (interruptions: number) =>
      planRecovery(storedOf({ ...LEASE, interruptions }), null, policy, T + SECOND);
    expect(of(1)).toMatchObject({ isParked: false });
    expect(of(2)).toMatchObject({ isParked: true, chats: [{ chat: { state: 'held', reason: 'parked' } }] });
  });
});

describe('what a turn learnt about lines', () => {
  const other = '+12025550102';

  it('is one change for each line', () => {
    const cards = [
      { line: LINE, card: 'active', cardCheckedAt: T } as const,
      { line: other, card: 'missing', cardCheckedAt: T } as const,
    ];
    const changes = planLines({ cards, cleared: [{ line: LINE, clearedAt: T + 1 }] });
    expect([...changes]).toEqual([
      [LINE, { card: 'active', cardCheckedAt: T, clearedAt: T + 1 }],
      [other, { card: 'missing', cardCheckedAt: T }],
    ]);
  });

  it('is what was learnt last', () => {
    const cleared = [
      { line: LINE, clearedAt: T },
      { line: LINE, clearedAt: T + 1 },
    ];
    expect(planLines({ cards: [], cleared }).get(LINE)).toEqual({ clearedAt: T + 1 });
  });
});
