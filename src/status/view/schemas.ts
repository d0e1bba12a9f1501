import { type Static, Type } from 'typebox';
import { CHAT_STATES, type ChatState, TRIGGERS } from '../../decide/chat.ts';
import { OUTCOMES } from '../../decide/outcome.ts';
import { ERROR_FIELDS, named } from '../../http/answers.ts';
import { SHOWN_REASONS, type ShownReason } from './explanation.ts';

/** What the routes accept and answer. The shapes are stable: fields may be added, never changed. */

// Field types. Each has a description, which `GET /openapi.json` shows.

export const words = <W extends string>(all: readonly W[], description: string) =>
  Type.Unsafe<W>({ type: 'string', enum: all, description });

const wordOrNull = <W extends string>(all: readonly W[], description: string) =>
  Type.Unsafe<W | null>({ type: ['string', 'null'], enum: [...all, null], description });

const flag = (description: string) => Type.Boolean({ description });

const flagOrNull = (description: string) =>
  Type.Unsafe<boolean | null>({ type: ['boolean', 'null'], description });

export const text = (description: string) => Type.String({ description });

const textOrNull = (description: string) =>
  Type.Unsafe<string | null>({ type: ['string', 'null'], description });

const count = (description: string) => Type.Integer({ minimum: 0, description });

const countOrNull = (description: string) =>
  Type.Unsafe<number | null>({ type: ['integer', 'null'], description });

/** ISO 8601, UTC. */
const instant = (description: string) => Type.String({ format: 'date-time', description });

/** ISO 8601, UTC. */
const instantOrNull = (description: string) =>
  Type.Unsafe<string | null>({ type: ['string', 'null'], format: 'date-time', description });

const AttemptSchema = named('Attempt', 'One share call to Linq.', {
  attemptId: text('This service’s id of the attempt; its log has it too.'),
  trigger: words(TRIGGERS, 'Why it was made: the rules, the end of the window, or an operator.'),
  startedAt: instant('When the call began.'),
  endedAt: instantOrNull('When its outcome was known; null while it is in progress.'),
  outcome: wordOrNull(
    OUTCOMES,
    '`shared`: Linq answered 2xx. `retry`: Linq failed, limited the rate or wasn’t reached. `rejected`: Linq refused it. `unknown`: no answer came. `interrupted`: the service went down during the call. `dry_run`: no call was made. Null while it is in progress.',
  ),
  httpStatus: countOrNull('The HTTP status of Linq’s answer; null: no answer.'),
  linqCode: countOrNull('Linq’s error code; null: none.'),
  traceId: textOrNull('Linq’s trace id of the call, for its support.'),
});

const STATE = 'The chat’s state.';
const REASON = 'Why it is in that state.';

const CHAT_FIELDS = {
  chatId: text('Linq’s id of the chat.'),
  line: textOrNull('Your line in it, masked unless SHOW_NUMBERS is true; null: not known.'),
  service: textOrNull('The service of the latest outbound message: iMessage, RCS or SMS; null: not known.'),
  isGroup: flagOrNull('Whether it is a group; null: not known.'),
  firstOutboundAt: instantOrNull('Your first message in it.'),
  lastOutboundAt: instantOrNull('Your latest message in it.'),
  lastInboundAt: instantOrNull('The latest message from the other side.'),
  optedOutAt: instantOrNull(
    'When the recipient last opted out; null: never. A later message from them ends it.',
  ),
  health: textOrNull('As Linq rates the chat: HEALTHY, AT_RISK, CRITICAL or OPTED_OUT; null: not reported.'),
  lastSharedAt: instantOrNull('When Linq last acknowledged a share.'),
  shareCount: count('Shares so far. Attempts without an answer are included once they count as shares.'),
  state: words<ChatState>(CHAT_STATES, STATE),
  reason: words<ShownReason>(SHOWN_REASONS, REASON),
  explanation: text('State and reason as a sentence for people.'),
  nextAttemptAt: instantOrNull('When it is shared next; null: not scheduled.'),
};

const CHAT = 'A chat: what is known about it, its state, and why.';
export const ChatSchema = named('Chat', CHAT, CHAT_FIELDS);
export const ChatWithAttemptsSchema = named('ChatWithAttempts', `${CHAT} With its attempts.`, {
  ...CHAT_FIELDS,
  attempts: Type.Array(AttemptSchema, { description: 'Newest first, at most 200.' }),
});
export const ChatPageSchema = named('ChatPage', 'One page of a list of chats.', {
  chats: Type.Array(ChatSchema),
  nextCursor: textOrNull('The `cursor` of the page after this one; null: it is the last.'),
  total: countOrNull(
    'How many chats match; null with `prefix`, and when sorted by `last_share` or `next_attempt`.',
  ),
});
export const ShareSchema = named('Share', 'The result of sharing by hand.', {
  attempt: Type.Union([AttemptSchema, Type.Null()], { description: 'Null: none has begun yet.' }),
  chat: ChatSchema,
});
export const PauseSchema = named('Pause', 'Whether all sharing is stopped.', {
  paused: flag('True: nothing is shared until sharing is resumed.'),
});

export const QuarantineSchema = named('Quarantine', 'Deliveries that this version can’t read or store.', {
  rows: Type.Array(
    Type.Object({
      eventId: text('Pass it to replay only this one.'),
      type: textOrNull('The event’s type; null: it couldn’t be read.'),
      receivedAt: instant('When it arrived.'),
      cause: text('Why it can’t be read or stored.'),
      replayable: flag('Whether this version can read it now.'),
    }),
  ),
});
export const ReplaySchema = named('Replay', 'The result of replaying.', {
  replayed: count('Accepted, and removed from quarantine.'),
  failed: count('Still in quarantine.'),
});

export const NotShareableSchema = named('NotShareable', 'Why a chat can’t be shared now, even by hand.', {
  ...ERROR_FIELDS,
  state: words<ChatState>(CHAT_STATES, STATE),
  reason: words<ShownReason>(SHOWN_REASONS, REASON),
});

// GET /status

export const LineSchema = named('Line', 'One of your Linq numbers.', {
  line: text('Masked unless SHOW_NUMBERS is true.'),
  card: Type.Object(
    {
      state: text('`active`, `inactive`, `missing`, or `unknown`: never checked.'),
      checkedAt: instantOrNull('When it was last checked.'),
      changedAt: instantOrNull('When it last changed; null: not since RESHARE_ON_CARD_CHANGE is true.'),
      sharedAgain: countOrNull('Chats that had it before that, and have had it again since.'),
      left: countOrNull(
        'Chats that still have it as it was, including held and idle ones; null: not counted yet.',
      ),
    },
    { description: 'Its contact card.' },
  ),
  chats: count('Known chats of the line.'),
  hold: textOrNull('Why its chats wait; null: nothing holds them.'),
  until: instantOrNull('When that ends or is retried; null: not scheduled.'),
});

const ProblemSchema = named('Problem', 'Something that needs an operator’s attention.', {
  code: text('For programs. docs/problems.md has a section on each; later versions may add some.'),
  severity: words(['error', 'warning'] as const, 'An error makes `ok` false.'),
  since: instant('When it began, or was first noticed.'),
  line: textOrNull('The line it affects; null: it isn’t about one line.'),
  message: text('What is wrong.'),
  remedy: text('What to do, or what ends it automatically.'),
});

const WebhooksSchema = named('Webhooks', 'Deliveries from Linq since the service started.', {
  lastAcceptedAt: instantOrNull('When the latest was accepted, before the last restart too.'),
  accepted: count('Verified, and in the database.'),
  ignored: count('Verified, but not relevant here.'),
  quarantined: count('Verified, but this version can’t read or store them.'),
  rejected: Type.Object(
    {
      missing: count('Without a signature.'),
      malformed: count('With a malformed signature.'),
      mismatch: count('With a signature that doesn’t match.'),
      stale: count('With a valid signature that is too old or too new.'),
      size: count('Too large.'),
      type: count('Not JSON, or compressed.'),
      limited: count('From an address that sent too many.'),
    },
    { description: 'Refused, by cause.' },
  ),
});

const SharesSchema = named('Shares', 'What was shared, and what is next.', {
  total: count('Shares ever.'),
  last24h: Type.Object(
    { succeeded: count('That Linq acknowledged.'), failed: count('That failed.') },
    { description: 'Attempts of the last 24 hours.' },
  ),
  lastSucceededAt: instantOrNull('When the latest share was acknowledged.'),
  nextDueAt: instantOrNull('The earliest scheduled attempt, overdue or not; null: none.'),
  overdue: count(
    'Chats that are due and wait for their turn. Chats of a closed line or account don’t count.',
  ),
  oldestOverdueSeconds: countOrNull('How long the oldest of them has waited; null: none is overdue.'),
});

/**
 * Counts are of the current run, or the last completed one. `waiting`: the account is closed to calls
 * (`cause` says why), or a call will be retried soon; `failed`: given up for now, retried automatically;
 * `off`: only on demand.
 */
export const CatchUpSchema = named(
  'CatchUp',
  'Reading from Linq’s API what webhooks missed. Counts are of the current run or, between runs, of the last that completed.',
  {
    state: words(
      ['idle', 'running', 'waiting', 'failed', 'off'] as const,
      '`waiting`: calls are closed (`cause` says why) or one is about to be repeated. `failed`: given up for now, retried automatically. `off`: only on demand.',
    ),
    cause: textOrNull('What it waits for, or why it failed.'),
    lastCompletedAt: instantOrNull('When the last run completed.'),
    startedAt: instantOrNull('When the counted run began.'),
    chatsSeen: count('Chats of the account that were processed.'),
    chatsTotal: countOrNull('All chats of the account; null until Linq’s list has been read to the end.'),
    chatsRead: count('Those whose messages were read; the others haven’t changed.'),
    chatsChanged: count('Those with something that no webhook had reported.'),
    chatsUnread: count('Those that couldn’t be read; the next run tries again.'),
  },
);

const StoreSchema = named('Store', 'The database.', {
  kind: text('The kind of database: sqlite.'),
  schemaVersion: count('The number of its latest migration.'),
  sizeBytes: count('On disk.'),
  lastBackupAt: instantOrNull('When the latest scheduled backup began; null: none was made.'),
});

const ReplicaSchema = named('Replica', 'A process of the service.', {
  id: text('Its id; each start gets a new one.'),
  version: text('The program’s version.'),
  startedAt: instant('When it started.'),
  seenAt: instant('When it was last seen.'),
  isLeader: flag('True: it does what must be done only once, such as catching up.'),
});

const ChatCountsSchema = named('ChatCounts', 'How many chats there are.', {
  total: count('All of them.'),
  byState: Type.Object(
    {
      retired: count('Gone, left or unsupported.'),
      held: count('Something prevents sharing.'),
      done: count('Shared as often as the settings allow.'),
      waiting: count('Inside their window.'),
      idle: count('Nothing was sent for RESHARE_IDLE_AFTER.'),
      retrying: count('Waiting after a failed attempt.'),
      due: count('About to be shared.'),
      sharing: count('A call is in progress.'),
    },
    { description: 'By their state.' },
  ),
});

export const OverviewSchema = named('Status', 'The service’s status.', {
  ok: flag('False exactly while a problem of severity `error` is open.'),
  version: text('The program’s version.'),
  startedAt: instant('When the service started.'),
  now: instant('The time on the service’s clock.'),
  problems: Type.Array(ProblemSchema, { description: 'What is wrong, worst first; empty: nothing.' }),
  webhooks: WebhooksSchema,
  chats: ChatCountsSchema,
  shares: SharesSchema,
  lines: Type.Array(LineSchema, { description: 'In the order of their numbers.' }),
  catchUp: CatchUpSchema,
  store: StoreSchema,
  replicas: Type.Array(ReplicaSchema, {
    description: 'The processes that share the database; one with SQLite.',
  }),
  paused: flag('An operator stopped all sharing.'),
  dryRun: flag('DRY_RUN is true: everything is decided and recorded, nothing is called.'),
});

export type AttemptView = Static<typeof AttemptSchema>;
export type ChatView = Static<typeof ChatSchema>;

export type LineView = Static<typeof LineSchema>;
export type Problem = Static<typeof ProblemSchema>;
export type CatchUpView = Static<typeof CatchUpSchema>;
export type Overview = Static<typeof OverviewSchema>;
