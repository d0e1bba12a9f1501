import { type Static, Type } from 'typebox';
import { named } from '../../http/answers.ts';
import {
  count,
  countOrNull,
  flag,
  instant,
  instantOrNull,
  text,
  textOrNull,
  words,
} from './schema-fields.ts';

/** What `GET /status` answers. */

export const LineSchema = named('Line', 'One of your Linq numbers.', {
  line: text('Masked unless SHOW_NUMBERS is true.'),
  card: Type.Object(
    {
      state: text('`active`, `inactive`, `missing`, or `unknown`: never looked at.'),
      checkedAt: instantOrNull('When it was last looked at.'),
    },
    { description: 'Its contact card.' },
  ),
  chats: count('Chats known of it.'),
  hold: textOrNull('Why its chats wait; null: nothing holds them.'),
  until: instantOrNull('When that ends or is tried again; null: not by time alone.'),
});

export const ProblemSchema = named('Problem', 'Something that an operator should know of.', {
  code: text('For programs. docs/problems.md has a chapter on each; later versions may add some.'),
  severity: words(['error', 'warning'] as const, 'An error makes `ok` false.'),
  since: instant('When it began, or was first noticed.'),
  line: textOrNull('The line it is about; null: no single one.'),
  message: text('What is wrong.'),
  remedy: text('What to do, or what ends it by itself.'),
});

const WebhooksSchema = named('Webhooks', 'Deliveries of Linq since the service started.', {
  lastAcceptedAt: instantOrNull('When the latest was accepted, of earlier processes too.'),
  accepted: count('Verified, and in the database.'),
  ignored: count('Verified, with nothing in them that matters here.'),
  quarantined: count('Verified, but not readable or not storable.'),
  rejected: Type.Object(
    {
      missing: count('Without a signature.'),
      malformed: count('With something that is no signature.'),
      mismatch: count('With a signature that doesn’t match.'),
      stale: count('With a right signature that is too old or too new.'),
      size: count('Too large.'),
      type: count('Not JSON, or encoded.'),
      limited: count('From an address that sent too many.'),
    },
    { description: 'Refused, by cause.' },
  ),
});

const SharesSchema = named('Shares', 'What was shared, and what is next.', {
  total: count('Shares ever.'),
  last24h: Type.Object(
    { succeeded: count('That Linq acknowledged.'), failed: count('That it didn’t.') },
    { description: 'Attempts of the last 24 hours.' },
  ),
  lastSucceededAt: instantOrNull('When the latest share was acknowledged.'),
  nextDueAt: instantOrNull('The earliest attempt to come, or overdue.'),
  overdue: count(
    'Chats that are due and wait for their turn. Those behind a closed line or account don’t count.',
  ),
  oldestOverdueSeconds: countOrNull('For how long the first of them has waited; null: there is none.'),
});

/**
 * Counts are of the run under way, else of the last one that completed. `waiting`: the account is closed to calls
 * (`cause` says why), or a call is about to be repeated; `failed`: given up for now, tried again by itself; `off`: only
 * on demand.
 */
export const CatchUpSchema = named(
  'CatchUp',
  'Reading from Linq’s API what webhooks missed. Counts are of the run under way, else of the last that completed.',
  {
    state: words(
      ['idle', 'running', 'waiting', 'failed', 'off'] as const,
      '`waiting`: calls are closed (`cause` says why) or one is about to be repeated. `failed`: given up for now, tried again by itself. `off`: only on demand.',
    ),
    cause: textOrNull('What it waits for, or why it failed.'),
    lastCompletedAt: instantOrNull('When the last run came to its end.'),
    startedAt: instantOrNull('When the run began that the counts are of.'),
    chatsSeen: count('Chats of the account that were dealt with.'),
    chatsTotal: countOrNull('Null until Linq’s list of chats has been read to its end.'),
    chatsRead: count('Those whose messages were read; the others haven’t changed.'),
    chatsChanged: count('Those of which something was read that no webhook had told.'),
    chatsUnread: count('Those that couldn’t be read: the next run does.'),
  },
);

const StoreSchema = named('Store', 'The database.', {
  kind: text('What it is: sqlite.'),
  schemaVersion: count('The migration it is at.'),
  sizeBytes: count('On disk.'),
  lastBackupAt: instantOrNull('When the latest backup was made; null: never.'),
});

const ChatCountsSchema = named('ChatCounts', 'How many chats there are.', {
  total: count('All of them.'),
  byState: Type.Object(
    {
      retired: count('Gone, left or unsupported.'),
      held: count('Something stands against sharing.'),
      done: count('Had all the shares that the settings allow.'),
      waiting: count('Inside their window.'),
      idle: count('Nothing was sent for RESHARE_IDLE_AFTER.'),
      retrying: count('Wait after a failed attempt.'),
      due: count('Shared as soon as it is their turn.'),
      sharing: count('A call is under way.'),
    },
    { description: 'By their state.' },
  ),
});

export const OverviewSchema = named('Status', 'The whole picture.', {
  ok: flag('False exactly while a problem of severity `error` is open.'),
  version: text('Of the program.'),
  startedAt: instant('When the service started.'),
  now: instant('By the service’s clock.'),
  problems: Type.Array(ProblemSchema, { description: 'What is wrong, the worst first; empty: nothing.' }),
  webhooks: WebhooksSchema,
  chats: ChatCountsSchema,
  shares: SharesSchema,
  lines: Type.Array(LineSchema, { description: 'In the order of their numbers.' }),
  catchUp: CatchUpSchema,
  store: StoreSchema,
  paused: flag('An operator stopped all sharing.'),
  dryRun: flag('DRY_RUN is true: everything is decided and recorded, nothing is called.'),
});

export type LineView = Static<typeof LineSchema>;
export type Problem = Static<typeof ProblemSchema>;
export type CatchUpView = Static<typeof CatchUpSchema>;
export type Overview = Static<typeof OverviewSchema>;
