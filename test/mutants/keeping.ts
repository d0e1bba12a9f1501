import type { Mutant } from './mutant.ts';

const STORE = 'test/integration/store/sqlite/conformance.test.ts';
const FILE = 'test/integration/store/sqlite/file.test.ts';
const CHECKPOINTS = 'test/integration/store/sqlite/checkpoints.test.ts';
const UNVERIFIED = 'test/integration/webhook/unverified.test.ts';

/** What keeps an answered delivery. */
export const KEEPING: readonly Mutant[] = [
  {
    name: 'synchronous=NORMAL in place of FULL',
    edits: [
      {
        file: 'src/store/sqlite/database.ts',
        find: "sql.pragma('synchronous = FULL');\n  const answers",
        replace: "sql.pragma('synchronous = NORMAL');\n  const answers",
      },
      { file: 'src/store/sqlite/database.ts', find: "['synchronous', 2],", replace: "['synchronous', 1]," },
    ],
    suite: { file: FILE, test: 'the database file is synced at every commit' },
  },
  {
    name: 'synchronous=FULL neither set nor read back',
    edits: [
      {
        file: 'src/store/sqlite/database.ts',
        find: "sql.pragma('synchronous = FULL');\n  const answers",
        replace: 'const answers',
      },
      {
        file: 'src/store/sqlite/database.ts',
        find: "sql.pragma('synchronous = FULL');\n  const first",
        replace: 'const first',
      },
      { file: 'src/store/sqlite/database.ts', find: "['synchronous', 2],", replace: '' },
    ],
    suite: { file: FILE, test: 'the database file is synced at every commit' },
  },
  {
    name: 'the recorder says stored before the commit',
    edits: [
      {
        file: 'src/recorder.ts',
        find: 'let hasNews = false;\n  try {',
        replace: "let hasNews = false;\n  for (const { resolve } of group) resolve('stored');\n  try {",
      },
    ],
    suite: { file: 'test/unit/recorder.test.ts', test: 'answers nobody before the commit' },
  },
  {
    name: 'the webhook is answered before the commit',
    edits: [
      {
        file: 'src/webhook/receive.ts',
        find: 'const result = await deps.record(parsed.event);',
        replace: "const result = await Promise.race([deps.record(parsed.event), 'stored' as const]);",
      },
    ],
    suite: { file: UNVERIFIED, test: 'nobody hears 204 before the event is stored' },
  },
  {
    name: 'the first outbound is the one heard of last',
    edits: [
      {
        file: 'src/decide/facts.ts',
        find: 'firstOutboundAt: earliest(facts.firstOutboundAt, at),',
        replace: 'firstOutboundAt: at,',
      },
    ],
    suite: { file: 'test/unit/decide/facts-properties.test.ts' },
  },
  {
    name: 'attempts are pruned a millisecond too early',
    edits: [
      {
        file: 'src/store/plan/housekeeping.ts',
        find: 'endedBefore: now - retentionMs - byMs',
        replace: 'endedBefore: now + 1 - retentionMs - byMs',
      },
    ],
    suite: { file: STORE, test: 'attempts that are kept no longer' },
  },
  {
    name: 'a chat is claimed again although its lease lasts',
    edits: [
      {
        file: 'src/store/sqlite/lease-table.ts',
        find: 'WHERE chat_row = chats.id AND until_at > ',
        replace: 'WHERE chat_row = -1 AND until_at > ',
      },
    ],
    suite: { file: STORE, test: 'never hands out a chat twice while its lease lasts' },
  },
  {
    name: 'a database is let pass under a second name',
    edits: [{ file: 'src/store/sqlite/place.ts', find: '  refuseSecondName(databasePath);\n', replace: '' }],
    suite: { file: FILE, test: 'a second name of the database as a hard link is refused' },
  },
  {
    name: 'the thread that makes checkpoints opens whatever database has the name of ours',
    edits: [
      {
        file: 'src/store/sqlite/checkpoint-thread.js',
        find: 'if (!isSame(file)) throw',
        replace: 'if (false) throw',
      },
    ],
    suite: { file: CHECKPOINTS, test: 'checkpoints never open another database' },
  },
  {
    name: 'a failing disk goes unnoticed when the log is copied to the file',
    edits: [
      {
        file: 'src/store/sqlite/checkpoints.ts',
        find: "if (toStoreError(error).fault !== 'full') throw error;",
        replace: '',
      },
    ],
    suite: { file: CHECKPOINTS, test: 'checkpoints report SQLITE_IOERR_WRITE' },
  },
  {
    name: 'nobody makes a checkpoint when the thread fails',
    edits: [
      {
        file: 'src/store/sqlite/checkpoints.ts',
        find: "if (isCopying) answered('failed');",
        replace: '',
      },
    ],
    suite: { file: CHECKPOINTS, test: 'checkpoints go on here when the thread dies' },
  },
  {
    name: 'nobody looks whether the lock is still in its place',
    edits: [
      {
        file: 'src/store/sqlite/place.ts',
        find: "if (found === 'kept') return lock.check();",
        replace: "if (found === 'kept') return;",
      },
    ],
    suite: { file: FILE, test: 'the lock that was deleted fails every later write' },
  },
  {
    name: 'two processes work on one database',
    edits: [{ file: 'src/store/sqlite/place.ts', find: "'BEGIN EXCLUSIVE'", replace: "'BEGIN'" }],
    suite: { file: FILE, test: 'the lock refuses a second store' },
  },
  {
    name: 'the log of a database that was replaced is left beside the replacement',
    edits: [
      {
        file: 'src/store/sqlite/place.ts',
        find: "if (placeOfLog() === 'kept') renameSync(",
        replace: "if (placeOfLog() !== 'kept') renameSync(",
      },
    ],
    suite: {
      file: 'test/integration/store/sqlite/place.test.ts',
      test: 'a database file that was replaced doesn’t get the log of the one before',
    },
  },
  {
    name: 'chats keep the decision of settings that have changed',
    edits: [
      {
        file: 'src/store/plan/housekeeping.ts',
        find: 'if (done === fingerprint) return null;',
        replace: 'if (done !== null) return null;',
      },
    ],
    suite: { file: STORE, test: 'changed settings' },
  },
  {
    name: 'what was quarantined is deleted by a clock that nobody has confirmed',
    edits: [
      {
        file: 'src/dispatch/turns.ts',
        find: 'if (isPruned || !isClockRight) return false;',
        replace: 'if (isPruned) return false;',
      },
    ],
    suite: { file: 'test/integration/dispatch/retention.test.ts', test: 'stay while a clock may be wrong' },
  },
  {
    name: 'chats that can’t be read keep a run of catch-up from completing',
    edits: [
      {
        file: 'src/catch-up/reader.ts',
        find: "if (!isRead && isTooMuch && reading !== 'postponed')",
        replace: 'if (!isRead && isTooMuch)',
      },
    ],
    suite: { file: 'test/integration/catch-up/run.test.ts', test: 'lets every run complete' },
  },
  {
    name: 'chats that the daily sweep couldn’t read are forgotten',
    edits: [
      {
        file: 'src/catch-up/reader.ts',
        find: "readAt: isRead ? (reading === 'sweep' ? null : startedAt) : UNREAD,",
        replace: "readAt: reading === 'sweep' ? null : isRead ? startedAt : UNREAD,",
      },
    ],
    suite: { file: 'test/integration/catch-up/resume.test.ts', test: 'are left to the next run' },
  },
];
