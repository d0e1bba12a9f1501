import { describe, expect, it } from 'vitest';
import { liveLease } from '../../../../src/decide/chat.ts';
import { DAY, MINUTE } from '../../../../src/decide/time.ts';
import type { StoredChat, Writes } from '../../../../src/store/plan/chat-row.ts';
import { type ClaimRead, planClaims, planManualClaim } from '../../../../src/store/plan/claim.ts';
import type { ClaimRequest } from '../../../../src/store/turn.ts';
import { LINE, leaseOf, OTHER_LINE, policyOf, T } from '../../../helpers/builders.ts';
import { dueOf } from './rows.ts';

type Row = ReturnType<typeof dueOf>;
const NOW = T + MINUTE;

/** Claims from rows in memory, which answer as a database would; what was read is noted. */
function claim(rows: readonly Row[], request: Partial<ClaimRequest>, policy = policyOf()) {
  const stored = new Map(rows.map((row) => [row.id, row]));
  const reads: ClaimRead[] = [];
  const ended: string[] = [];
  let ids = 0;
  const apply = ({ chats, attempts }: Writes<StoredChat>) => {
    for (const { stored: before, chat } of chats)
      if (before.id !== null) stored.set(before.id, { id: before.id, chat });
    for (const { lease, end } of attempts) ended.push(`${lease.attemptId} ${end.outcome}`);
  };
  const queueOf = (line: string | null) =>
    [...stored.values()]
      .filter(({ chat }) => chat.line === line && (chat.nextAttemptAt ?? Number.POSITIVE_INFINITY) <= NOW)
      .filter(({ chat }) => liveLease(chat, NOW) === null)
      .sort((a, b) => (a.chat.nextAttemptAt ?? 0) - (b.chat.nextAttemptAt ?? 0) || a.id - b.id);
  const read = (wanted: ClaimRead) => {
    reads.push(wanted);
    if (wanted.kind === 'chats')
      return { chats: [wanted.ids.flatMap((id) => stored.get(id) ?? [])], candidates: [] };
    const queues = wanted.queues.map(({ line, limit }) => ({ queue: queueOf(line), limit }));
    if (wanted.kind === 'fronts')
      return { chats: queues.map(({ queue, limit }) => queue.slice(0, limit)), candidates: [] };
    const candidates = queues.map(({ queue, limit }) =>
      queue
        .filter((_, index) => index < limit || index >= queue.length - limit)
        .map(({ id, chat }) => ({ id, failures: chat.failures, dueAt: chat.nextAttemptAt ?? 0 })),
    );
    return { chats: [], candidates };
  };
  const plan = planClaims<StoredChat>(
    { lines: [{ line: LINE, limit: 16 }], total: 16, leaseUntil: NOW + MINUTE, ...request },
    { policy, newId: () => `id-${ids++}`, now: NOW },
  );
  let step = plan.next({ chats: [], candidates: [] });
  while (step.done !== true) {
    apply(step.value.writes);
    step = plan.next(read(step.value.read));
  }
  apply(step.value.writes);
  const { claims, lacksLookUps } = step.value;
  return { claims, taken: claims.map(({ chat }) => chat.chatId), lacksLookUps, reads, ended, stored };
}

const many = (count: number, from: number, line: string, parts = {}) =>
  Array.from({ length: count }, (_, index) => dueOf(from + index, { line, ...parts }));
const both = [LINE, OTHER_LINE].map((line) => ({ line, limit: 16 }));

describe('a claim', () => {
  it('leases a due chat to its attempt, and leaves it in its place', () => {
    const { claims, ended, stored } = claim([dueOf(1)], {});
    const attempt = { attemptId: 'id-0', trigger: 'became_eligible', startedAt: NOW } as const;
    expect(claims).toMatchObject([{ ...attempt, chatRow: 1, dueAt: T + 1 }]);
    const lease = { ...attempt, until: NOW + MINUTE, mayHaveCalled: true };
    expect(stored.get(1)?.chat).toEqual({ ...dueOf(1).chat, lease });
    expect(ended).toEqual([]);
  });

  it('decides a chat anew that isn’t due after all, and takes none of the next in its place', () => {
    const { taken, stored } = claim([dueOf(1, { operatorHeldAt: T }), dueOf(2), dueOf(3)], { total: 2 });
    expect(stored.get(1)?.chat).toMatchObject({ state: 'held', reason: 'operator', nextAttemptAt: null });
    expect(taken).toEqual(['chat-2', 'chat-3']);
  });

  it('gives each queue its share, then the first ones what is left', () => {
    const rows = [...many(20, 1, LINE), ...many(2, 100, OTHER_LINE)];
    const { claims, reads } = claim(rows, { lines: both, total: 10 });
    expect(claims.filter(({ chat }) => chat.line === OTHER_LINE)).toHaveLength(2);
    expect(claims).toHaveLength(10);
    expect(reads.map((each) => (each.kind === 'fronts' ? each.queues : each.kind))).toEqual([
      both.map(({ line }) => ({ line, limit: 5 })),
      [{ line: LINE, limit: 3 }],
    ]);
  });

  it('gives the next queue all the room that one before it leaves, though both are read at once', () => {
    const rows = [...many(3, 1, LINE), ...many(10, 100, OTHER_LINE), ...many(1, 200, 'third')];
    const lines = [
      { line: LINE, limit: 4 },
      { line: OTHER_LINE, limit: 16 },
      { line: 'third', limit: 16 },
    ];
    const { claims } = claim(rows, { lines, total: 9 });
    expect(claims.filter(({ chat }) => chat.line === OTHER_LINE)).toHaveLength(5);
    expect(claims).toHaveLength(9);
  });

  it('reads no more queues than can be served', () => {
    const lines = Array.from({ length: 100 }, (_, index) => ({ line: `line-${index}`, limit: 2 }));
    const rows = lines.flatMap(({ line }, index) => many(2, 1 + 2 * index, line));
    const { claims, reads } = claim(rows, { lines, total: 5 });
    expect(claims).toHaveLength(5);
    expect(reads).toHaveLength(1);
    expect(reads[0]).toMatchObject({
      kind: 'fronts',
      queues: lines.slice(0, 5).map(({ line }) => ({ line, limit: 1 })),
    });
  });

  it('ends the attempt of a lease that ran out before it starts the next one', () => {
    const { claims, ended } = claim([dueOf(1, { lease: leaseOf({ attemptId: 'old', until: NOW }) })], {});
    expect(ended).toEqual(['old interrupted']);
    const chat = { lease: { attemptId: 'id-0' }, interruptions: 1, uncertainAt: T };
    expect(claims).toMatchObject([{ attemptId: 'id-0', chat }]);
  });

  it('takes as many that need a look-up as it may, says that it lacks them, and leaves those behind', () => {
    const unknown = { service: null, serviceAt: null };
    const rows = [dueOf(1, unknown), dueOf(2, unknown), dueOf(3)];
    expect(claim(rows, { lookUps: 1, total: 2 })).toMatchObject({ taken: ['chat-1'], lacksLookUps: true });
    expect(claim(rows, { lookUps: 2 })).toMatchObject({
      taken: ['chat-1', 'chat-2', 'chat-3'],
      lacksLookUps: false,
    });
  });

  it('takes those behind chats that failed, when no more of these may be taken', () => {
    const rows = [...many(4, 1, LINE, { failures: 1 }), ...many(9, 10, LINE)];
    const { taken, reads } = claim(rows, { tried: 1, total: 4 });
    expect(taken).toEqual(['chat-1', 'chat-10', 'chat-11', 'chat-12']);
    expect(reads.map(({ kind }) => kind)).toEqual(['fronts', 'ends', 'chats']);
  });

  it('probes with the chat that failed least, of all probed lines the best first', () => {
    const rows = [dueOf(1, { failures: 2 }), dueOf(2, { failures: 1 }), dueOf(3, { line: OTHER_LINE })];
    const lines = both.map((each) => ({ ...each, isProbe: true }));
    expect(claim(rows, { lines, total: 2 }).taken).toEqual(['chat-3', 'chat-2']);
    expect(claim(rows, { lines, total: 1 }).taken).toEqual(['chat-3']);
    expect(claim(rows, { lines, total: 2, probe: { untriedSince: T + 3 } }).taken).toEqual([]);
    const fresh = [dueOf(4), dueOf(5)];
    expect(claim(fresh, { lines, total: 1, probe: { isNewestFirst: true } }).taken).toEqual(['chat-5']);
  });

  it('counts the call of a dry run, and of a chat to be looked up, as not begun', () => {
    const unknown = dueOf(1, { service: null, serviceAt: null });
    const started = (row: Row, policy = policyOf()) => {
      const context = { policy, newId: () => 'id', now: NOW };
      const { result } = planManualClaim(row, NOW + MINUTE, context);
      return 'claim' in result ? result.claim.chat.lease?.mayHaveCalled : null;
    };
    expect(started(dueOf(1))).toBe(true);
    expect(started(dueOf(1), policyOf({ dryRun: true }))).toBe(false);
    expect(started(unknown)).toBe(false);
  });
});

describe('a claim for an operator', () => {
  const manual = (row: StoredChat) =>
    planManualClaim(row, NOW + MINUTE, { policy: policyOf(), newId: () => 'id', now: NOW });

  it('takes a chat inside its window', () => {
    const { result } = manual(dueOf(1, { lastSharedAt: T, lastShareStartedAt: T, shareCount: 1 }));
    expect(result).toMatchObject({ claim: { trigger: 'manual', chat: { lease: { trigger: 'manual' } } } });
  });

  it('is refused while a lease lasts, and by a hold, and then writes nothing', () => {
    const leased = manual(dueOf(1, { lease: leaseOf({ until: NOW + 1 }) }));
    expect(leased.result).toEqual({ refused: { state: 'sharing', reason: 'became_eligible' } });
    const held = manual(dueOf(1, { operatorHeldAt: T }));
    expect(held.result).toEqual({ refused: { state: 'held', reason: 'operator' } });
    for (const { chats, attempts } of [leased, held]) expect([chats, attempts]).toEqual([[], []]);
  });

  it('that is refused still frees a chat whose lease ran out', () => {
    const lease = leaseOf({ until: T, mayHaveCalled: false });
    const { chats, attempts } = manual(dueOf(1, { lease, operatorHeldAt: T }));
    expect(chats).toMatchObject([{ chat: { lease: null, interruptions: 1, state: 'held' } }]);
    expect(attempts).toMatchObject([{ lease, end: { outcome: 'interrupted' } }]);
  });

  it('begins a new window only after the last: its start is dated now', () => {
    const { result } = manual(dueOf(1, { nextAttemptAt: NOW + DAY }));
    expect(result).toMatchObject({ claim: { startedAt: NOW, dueAt: NOW } });
  });
});
