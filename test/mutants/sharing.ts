import type { Mutant } from './mutant.ts';

const STORE = 'test/integration/store/sqlite/conformance.test.ts';
const REPLICAS = 'test/integration/dispatch/replicas.test.ts';
const WINDOW = 'test/unit/decide/share-window.test.ts';
const BACKOFF = 'test/unit/decide/backoff.test.ts';

/** What keeps a chat from being shared too often. */
export const SHARING: readonly Mutant[] = [
  {
    name: 'a settlement without its lease',
    edits: [
      {
        file: 'src/store/plan/settle.ts',
        find: 'return chat.lease?.attemptId === attemptId;',
        replace: "return attemptId !== '' && chat.retiredAt === null;",
      },
    ],
    suite: { file: 'test/integration/dispatch/claims.test.ts', test: 'a lease that was lost meanwhile' },
  },
  {
    name: 'a call that is made although its lease may run out before it ends',
    edits: [
      {
        file: 'src/dispatch/attempt.ts',
        find: "  if (!isInTime()) return settle({ kind: 'withdrawn' });\n",
        replace: '',
      },
    ],
    suite: { file: 'test/integration/dispatch/claims.test.ts', test: 'finds too short for a call' },
  },
  {
    name: 'a replica that probes although another one leads',
    edits: [
      {
        file: 'src/dispatch/turn-plan.ts',
        find: "  if (input.isFollower) return 'closed';\n",
        replace: '',
      },
    ],
    suite: { file: REPLICAS, test: 'what is closed is probed by the leader alone' },
  },
  {
    name: 'streaks that each replica counts by its own outcomes alone',
    edits: [{ file: 'src/dispatch/commits.ts', find: 'version.miscounted();', replace: ';' }],
    suite: { file: REPLICAS, test: 'a streak of' },
  },
  {
    name: 'attempts counted at the settlement in place of the claim',
    edits: [
      {
        file: 'src/store/plan/claim.ts',
        find: 'return { write: { stored, chat: begun }, claim',
        replace: 'return { write: { stored, chat: { ...begun, lease: null } }, claim',
      },
      {
        file: 'src/store/plan/settle.ts',
        find: 'return chat.lease?.attemptId === attemptId;',
        replace: "return attemptId !== '';",
      },
    ],
    suite: { file: 'test/integration/dispatch/crashes.test.ts', test: 'an attempt that a crash cut off' },
  },
  {
    name: 'a later failure forgets an attempt that may have arrived',
    edits: [
      {
        file: 'src/decide/chat.ts',
        find: 'verdict.mayHaveArrived ? uncertainSince(chat, startedAt) : chat.uncertainAt;',
        replace: 'verdict.mayHaveArrived ? uncertainSince(chat, startedAt) : null;',
      },
    ],
    suite: { file: 'test/unit/decide/unknown-outcome.test.ts' },
  },
  {
    name: 'a repeat moves what an attempt that may have arrived counts from',
    edits: [
      {
        file: 'src/decide/chat.ts',
        find: 'return chat.uncertainAt === null ? startedAt : Math.min(chat.uncertainAt, startedAt);',
        replace: 'return startedAt;',
      },
    ],
    suite: { file: 'test/unit/decide/unknown-outcome.test.ts' },
  },
  {
    name: 'a dry run that was cut off counts as a share',
    edits: [
      {
        file: 'src/store/plan/claim.ts',
        find: 'const mayHaveCalled = !policy.dryRun && !needsLookup(chat, policy);',
        replace: 'const mayHaveCalled = !needsLookup(chat, policy);',
      },
    ],
    suite: { file: STORE, test: 'after a crash' },
  },
  {
    name: "a gateway's refusal taken for Linq's",
    edits: [
      {
        file: 'src/decide/outcome.ts',
        find: 'if (!answer.hasEnvelope) return transient(answer);',
        replace: '',
      },
    ],
    suite: { file: 'test/unit/decide/outcome.test.ts', test: 'classifyAnswer' },
  },
  {
    name: 'jitter that may subtract',
    edits: [
      {
        file: 'src/decide/pacing.ts',
        find: 'Math.floor((random * baseMs) / 2)',
        replace: 'Math.floor((random - 0.5) * baseMs)',
      },
    ],
    suite: { file: BACKOFF, test: 'backoffMs' },
  },
  {
    name: 'jitter inside the floor that Linq asks for',
    edits: [
      {
        file: 'src/decide/pacing.ts',
        find: 'Math.max(baseMs, retryAfterMs ?? 0) + Math.floor((random * baseMs) / 2)',
        replace: 'Math.max(retryAfterMs ?? 0, baseMs) - Math.floor((random * (retryAfterMs ?? 0)) / 2)',
      },
    ],
    suite: { file: BACKOFF, test: 'backoffMs' },
  },
  {
    name: 'the window ends a millisecond late (> in place of >=)',
    edits: [
      { file: 'src/decide/share.ts', find: 'now >= end) return null;', replace: 'now > end) return null;' },
    ],
    suite: { file: WINDOW, test: 'the window' },
  },
  {
    name: 'the window is a millisecond short',
    edits: [
      {
        file: 'src/decide/share.ts',
        find: 'chat.lastSharedAt + policy.windowMs',
        replace: 'chat.lastSharedAt + policy.windowMs - 1',
      },
    ],
    suite: { file: WINDOW, test: 'the window' },
  },
  {
    name: 'the window runs from the start of the call',
    edits: [
      {
        file: 'src/decide/chat.ts',
        find: 'return { lastSharedAt: endedAt,',
        replace: 'return { lastSharedAt: startedAt,',
      },
    ],
    suite: { file: STORE, test: 'settling writes a share' },
  },
  {
    name: 'a restore without its wait',
    edits: [
      { file: 'src/decide/share.ts', find: 'latest(lapse, restoreEndsAt)', replace: 'latest(lapse, null)' },
    ],
    suite: { file: 'test/unit/decide/share-rules.test.ts', test: 'waits one window after a restore' },
  },
  {
    name: 'a chat that turns up after a restore is shared before anybody has read it',
    edits: [
      {
        file: 'src/store/plan/housekeeping.ts',
        find: 'return isToBeRead || isForgotten(chat, restored) ?',
        replace: 'return isForgotten(chat, restored) ?',
      },
    ],
    suite: {
      file: 'test/integration/store/sqlite/backup/restore.test.ts',
      test: 'after a restore a chat that the backup didn’t have',
    },
  },
  {
    name: 'a chat that changes amid a correction of the clock is shifted twice',
    edits: [
      {
        file: 'src/store/sqlite/chat-table.ts',
        find: '      shiftPass.wrote(row[0]);\n',
        replace: '',
      },
    ],
    suite: { file: 'test/integration/store/sqlite/clock-shift-pass.test.ts' },
  },
  {
    name: 'sharing goes on while a correction of the clock is on its way',
    edits: [
      {
        file: 'src/dispatch/turns.ts',
        find: ' || hasOutrunLease || isShifting,',
        replace: ' || hasOutrunLease,',
      },
    ],
    suite: { file: 'test/integration/dispatch/clock.test.ts', test: 'a correction on its way' },
  },
  {
    name: 'no cap on timers',
    edits: [
      {
        file: 'src/clock.ts',
        find: 'wanted < MAX_SLEEP_MS ? wanted : toMultiple',
        replace: 'wanted',
      },
    ],
    suite: { file: 'test/unit/clock.test.ts', test: 'a sleep until' },
  },
  {
    name: 'the end of a call without what the clock of the process lags',
    edits: [{ file: 'src/clock.ts', find: 'latest: () => now() + 3,', replace: 'latest: () => now() + 1,' }],
    suite: { file: 'test/unit/clock.test.ts', test: 'two processes on one machine' },
  },
  {
    name: 'a pace that fits the second to the millisecond',
    edits: [{ file: 'src/decide/pacing.ts', find: 'const MARGIN = 1.01;', replace: 'const MARGIN = 0.99;' }],
    suite: { file: 'test/unit/decide/pacing.test.ts' },
  },
  {
    name: 'chats that turn up after a restore are freed by a catch-up that began before it',
    edits: [
      {
        file: 'src/store/plan/housekeeping.ts',
        find: 'completed === null || completed.startedAt < at || ',
        replace: 'completed === null || ',
      },
    ],
    suite: {
      file: 'test/integration/store/sqlite/backup/restore.test.ts',
      test: 'waits until a catch-up that began after the restore',
    },
  },
  {
    name: 'a clock that Linq’s answers contradict is believed',
    edits: [
      {
        file: 'src/dispatch/clock-guard.ts',
        find: 'isDateWrong = isOff(wallOffMs) && isOff(wallOffMs + stepMs);',
        replace: 'isDateWrong = false;',
      },
    ],
    suite: { file: 'test/unit/dispatch/clock-guard.test.ts' },
  },
  {
    name: 'an operator’s share beside one under way: its lease is not looked at',
    edits: [
      {
        file: 'src/store/plan/claim.ts',
        find: 'const live = liveLease(leased, now);',
        replace: 'const live = liveLease(leased, now + leaseUntil);',
      },
    ],
    suite: { file: STORE, test: 'an operator’s claim is refused while an attempt is under way' },
  },
  {
    name: 'a pause ends early when the clock is set forward',
    edits: [
      {
        file: 'src/store/plan/housekeeping.ts',
        find: 'rows.holds.map((hold) => shiftHold(hold, shift))',
        replace: 'rows.holds',
      },
    ],
    suite: { file: STORE, test: 'when the clock went forward' },
  },
  {
    name: 'a wrong key or address retires one chat after the other',
    edits: [
      {
        file: 'src/dispatch/hold-keeper.ts',
        find: 'if (refused.size < STREAK) return [];',
        replace: 'return [];',
      },
    ],
    suite: {
      file: 'test/integration/dispatch/retired-streak.test.ts',
      test: 'open the breaker and are undone',
    },
  },
  {
    name: 'a call without an answer is recorded as one that did not arrive',
    edits: [
      {
        file: 'src/decide/outcome.ts',
        find: "{ kind: 'transient', mayHaveArrived: answer.mayHaveArrived, retryAfterMs: null }",
        replace: "{ kind: 'transient', mayHaveArrived: false, retryAfterMs: null }",
      },
    ],
    suite: { file: 'test/unit/decide/outcome.test.ts' },
  },
];
