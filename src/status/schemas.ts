import { type Static, Type } from 'typebox';
import type { ChatState, Outcome, Trigger } from '../decide/chat.ts';
import { CHAT_STATES } from './chat-filters.ts';
import { SHOWN_REASONS, type ShownReason } from './explanation.ts';

/** What the routes take and answer. The shapes are stable: fields may be added, never changed. */

const words = <W extends string>(all: readonly W[]) => Type.Unsafe<W>({ type: 'string', enum: all });
const wordOrNull = <W extends string>(all: readonly W[]) =>
  Type.Unsafe<W | null>({ type: ['string', 'null'], enum: [...all, null] });

const Text = Type.String();
const TextOrNull = Type.Unsafe<string | null>({ type: ['string', 'null'] });
const Count = Type.Integer({ minimum: 0 });
const CountOrNull = Type.Unsafe<number | null>({ type: ['integer', 'null'] });
/** ISO 8601, UTC. */
const Instant = Type.String({ format: 'date-time' });
const InstantOrNull = Type.Unsafe<string | null>({ type: ['string', 'null'], format: 'date-time' });

const TRIGGERS: readonly Trigger[] = ['became_eligible', 'window_lapsed', 'manual'];
const OUTCOMES: readonly Outcome[] = ['shared', 'retry', 'rejected', 'unknown', 'interrupted', 'dry_run'];

export const AttemptSchema = Type.Object({
  attemptId: Text,
  trigger: words(TRIGGERS),
  startedAt: Instant,
  endedAt: InstantOrNull,
  outcome: wordOrNull(OUTCOMES),
  httpStatus: CountOrNull,
  linqCode: CountOrNull,
  traceId: TextOrNull,
});

const CHAT_FIELDS = {
  chatId: Text,
  line: TextOrNull,
  service: TextOrNull,
  isGroup: Type.Unsafe<boolean | null>({ type: ['boolean', 'null'] }),
  firstOutboundAt: InstantOrNull,
  lastOutboundAt: InstantOrNull,
  lastInboundAt: InstantOrNull,
  optedOutAt: InstantOrNull,
  health: TextOrNull,
  lastSharedAt: InstantOrNull,
  shareCount: Count,
  state: words<ChatState>(CHAT_STATES),
  reason: words<ShownReason>(SHOWN_REASONS),
  explanation: Text,
  nextAttemptAt: InstantOrNull,
};

export const ChatSchema = Type.Object(CHAT_FIELDS);
export const ChatWithAttemptsSchema = Type.Object({ ...CHAT_FIELDS, attempts: Type.Array(AttemptSchema) });
export const ChatPageSchema = Type.Object({ chats: Type.Array(ChatSchema), nextCursor: TextOrNull });
export const ShareSchema = Type.Object({
  attempt: Type.Union([AttemptSchema, Type.Null()]),
  chat: ChatSchema,
});
export const PauseSchema = Type.Object({ paused: Type.Boolean() });

export const LineSchema = Type.Object({
  line: Text,
  card: Type.Object({ state: Text, checkedAt: InstantOrNull }),
  chats: Count,
  hold: TextOrNull,
  until: InstantOrNull,
});

export const ProblemSchema = Type.Object({
  code: Text,
  severity: words(['error', 'warning'] as const),
  since: Instant,
  line: TextOrNull,
  message: Text,
  remedy: Text,
});

const WebhooksSchema = Type.Object({
  lastAcceptedAt: InstantOrNull,
  accepted: Count,
  ignored: Count,
  quarantined: Count,
  rejected: Type.Object({
    missing: Count,
    malformed: Count,
    mismatch: Count,
    stale: Count,
    size: Count,
    type: Count,
    limited: Count,
  }),
});

const SharesSchema = Type.Object({
  total: Count,
  last24h: Type.Object({ succeeded: Count, failed: Count }),
  lastSucceededAt: InstantOrNull,
  nextDueAt: InstantOrNull,
  overdue: Count,
  oldestOverdueSeconds: CountOrNull,
});

/**
 * Counts are of the run under way, else of the last one that completed. `waiting`: the account is closed to calls
 * (`cause` says why), or a call is about to be repeated; `failed`: given up for now, tried again by itself; `off`: only
 * on demand.
 */
export const CatchUpSchema = Type.Object({
  state: words(['idle', 'running', 'waiting', 'failed', 'off'] as const),
  cause: TextOrNull,
  lastCompletedAt: InstantOrNull,
  startedAt: InstantOrNull,
  /** Chats of the account that were dealt with. */
  chatsSeen: Count,
  /** Null until Linq's list of chats has been read to its end. */
  chatsTotal: CountOrNull,
  /** Those whose messages were read; the others haven't changed. */
  chatsRead: Count,
  /** Those of which something was read that no webhook had told. */
  chatsChanged: Count,
  /** Those that couldn't be read: the next run does. */
  chatsUnread: Count,
});

export const OverviewSchema = Type.Object({
  ok: Type.Boolean(),
  version: Text,
  startedAt: Instant,
  now: Instant,
  problems: Type.Array(ProblemSchema),
  webhooks: WebhooksSchema,
  chats: Type.Object({
    total: Count,
    byState: Type.Object({
      retired: Count,
      held: Count,
      done: Count,
      waiting: Count,
      idle: Count,
      retrying: Count,
      due: Count,
      sharing: Count,
    }),
  }),
  shares: SharesSchema,
  lines: Type.Array(LineSchema),
  catchUp: CatchUpSchema,
  store: Type.Object({
    kind: Text,
    schemaVersion: Count,
    sizeBytes: Count,
    lastBackupAt: InstantOrNull,
  }),
  paused: Type.Boolean(),
  dryRun: Type.Boolean(),
});

export const QuarantineSchema = Type.Object({
  rows: Type.Array(
    Type.Object({
      eventId: Text,
      type: TextOrNull,
      receivedAt: Instant,
      cause: Text,
      replayable: Type.Boolean(),
    }),
  ),
});
export const ReplaySchema = Type.Object({ replayed: Count, failed: Count });

const ERROR_FIELDS = { statusCode: Type.Integer(), code: Text, error: Text, message: Text };
export const ErrorSchema = Type.Object(ERROR_FIELDS);
export const NotShareableSchema = Type.Object({
  ...ERROR_FIELDS,
  state: words<ChatState>(CHAT_STATES),
  reason: words<ShownReason>(SHOWN_REASONS),
});

export type AttemptView = Static<typeof AttemptSchema>;
export type ChatView = Static<typeof ChatSchema>;
export type LineView = Static<typeof LineSchema>;
export type Problem = Static<typeof ProblemSchema>;
export type CatchUpView = Static<typeof CatchUpSchema>;
export type Overview = Static<typeof OverviewSchema>;
