import type { Mutant } from './mutant.ts';

const COORDINATION = 'test/postgres/coordination.test.ts';
const CORRECTIONS = 'test/postgres/corrections.test.ts';

/** What keeps several replicas from sharing more than one would. These tests need PostgreSQL. */
export const REPLICAS: readonly Mutant[] = [
  {
    name: 'a turn that claims although another replica changed holds since',
    edits: [
      {
        file: 'src/store/postgres/postgres-store.ts',
        find: 'const claim = version === null ? null : turn.claim;',
        replace: 'const { claim } = turn;',
      },
    ],
    suite: { file: COORDINATION, test: 'the version of holds and lines a turn of an old one' },
  },
  {
    name: 'a line whose starts by other replicas do not count',
    edits: [
      {
        file: 'src/store/postgres/gate-table.ts',
        find: 'if (gates.length === 0) return;',
        replace: 'return;',
      },
    ],
    suite: { file: COORDINATION, test: 'the pace of a line is that of all replicas' },
  },
  {
    name: 'a leader that is replaced while its lease lasts',
    edits: [
      {
        file: 'src/store/postgres/replica-table.ts',
        find: 'OR l.until_at <= clock_timestamp()',
        replace: 'OR true',
      },
    ],
    suite: { file: COORDINATION, test: 'replicas the leader leads until it leaves' },
  },
  {
    name: 'a correction that does not wait for those who claim by the older time',
    edits: [
      {
        file: 'src/store/postgres/corrections.ts',
        find: "current(session, 'pg_advisory_xact_lock_shared')",
        replace: "current(session, 'concat')",
      },
    ],
    suite: { file: CORRECTIONS, test: 'a correction waits for a turn of the older time' },
  },
  {
    name: 'a pass that ends a correction covers all chats, whoever decided them meanwhile',
    edits: [
      {
        file: 'src/store/postgres/chat-upkeep.ts',
        find: 'isShifting ? null : plan.progress.done',
        replace: 'plan.progress.done',
      },
    ],
    suite: { file: COORDINATION, test: 'let a correction of the clock come to all chats' },
  },
  {
    name: 'a note of a correction that comes after its end',
    edits: [
      {
        file: 'src/store/postgres/record-events.ts',
        find: 'if (plan.chats.some(({ stored }) => stored.isAhead)) return null;',
        replace: '',
      },
    ],
    suite: { file: 'test/postgres/clock-shift.test.ts', test: 'a chat heard of while a correction ends' },
  },
  {
    name: 'a correction of what others lived through',
    edits: [
      {
        file: 'src/store/plan/housekeeping.ts',
        find: 'return heartbeatAt !== null && heartbeatAt - (now - byMs) > LIVED_MS',
        replace: 'return false && heartbeatAt !== null && heartbeatAt - (now - byMs) > LIVED_MS',
      },
    ],
    suite: { file: CORRECTIONS, test: 'a replica whose machine was suspended' },
  },
];
