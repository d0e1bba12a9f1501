import { type Static, Type } from 'typebox';
import type { ChatState, Outcome, Trigger } from '../../decide/chat.ts';
import { ERROR_FIELDS, named } from '../../http/answers.ts';
import { CHAT_STATES } from '../view/chat-filters.ts';
import { SHOWN_REASONS, type ShownReason } from '../view/explanation.ts';
import {
  count,
  countOrNull,
  flag,
  flagOrNull,
  instant,
  instantOrNull,
  text,
  textOrNull,
  wordOrNull,
  words,
} from './schema-fields.ts';

/** What the routes take and answer. The shapes are stable: fields may be added, never changed. */

const TRIGGERS: readonly Trigger[] = ['became_eligible', 'window_lapsed', 'manual'];
const OUTCOMES: readonly Outcome[] = ['shared', 'retry', 'rejected', 'unknown', 'interrupted', 'dry_run'];

export const AttemptSchema = named('Attempt', 'One share call to Linq.', {
  attemptId: text('Ours; the service log names it too.'),
  trigger: words(TRIGGERS, 'Why it was made: the rules, the lapse of the window, or an operator.'),
  startedAt: instant('When the call began.'),
  endedAt: instantOrNull('When its outcome was known; null while it is under way.'),
  outcome: wordOrNull(
    OUTCOMES,
    '`shared`: Linq answered 2xx. `retry`: it failed for now. `rejected`: the same call can’t succeed. `unknown`: no answer came. `interrupted`: the service went down meanwhile. `dry_run`: not called. Null while it is under way.',
  ),
  httpStatus: countOrNull('Of Linq’s answer; null without one.'),
  linqCode: countOrNull('Linq’s error code; null without one.'),
  traceId: textOrNull('Linq’s trace of the call, to quote to its support.'),
});

const STATE = 'Where the chat stands.';
const REASON = 'Why it is in that state.';

const CHAT_FIELDS = {
  chatId: text('Linq’s id of the chat.'),
  line: textOrNull('Your number in it, masked unless SHOW_NUMBERS is true; null: not known.'),
  service: textOrNull('Of the latest outbound message: iMessage, RCS or SMS; null: not known.'),
  isGroup: flagOrNull('Null: not known.'),
  firstOutboundAt: instantOrNull('Your first message in it.'),
  lastOutboundAt: instantOrNull('Your latest message in it.'),
  lastInboundAt: instantOrNull('The latest message from the other side.'),
  optedOutAt: instantOrNull('Since when the recipient is opted out; null: they aren’t.'),
  health: textOrNull('As Linq rates the chat: HEALTHY, AT_RISK, CRITICAL or OPTED_OUT; null: not told.'),
  lastSharedAt: instantOrNull('When Linq last acknowledged a share.'),
  shareCount: count('Shares so far.'),
  state: words<ChatState>(CHAT_STATES, STATE),
  reason: words<ShownReason>(SHOWN_REASONS, REASON),
  explanation: text('State and reason as a sentence for people.'),
  nextAttemptAt: instantOrNull('When it is shared next; null: not by time alone.'),
};

const CHAT = 'A chat: what is known of it, where it stands, and why.';
export const ChatSchema = named('Chat', CHAT, CHAT_FIELDS);
export const ChatWithAttemptsSchema = named('ChatWithAttempts', `${CHAT} With its attempts.`, {
  ...CHAT_FIELDS,
  attempts: Type.Array(AttemptSchema, { description: 'Newest first, at most 200.' }),
});
export const ChatPageSchema = named('ChatPage', 'One page of a list of chats.', {
  chats: Type.Array(ChatSchema),
  nextCursor: textOrNull('The `cursor` of the page after this one; null: it is the last.'),
});
export const ShareSchema = named('Share', 'What came of sharing by hand.', {
  attempt: Type.Union([AttemptSchema, Type.Null()], { description: 'Null: none has begun yet.' }),
  chat: ChatSchema,
});
export const PauseSchema = named('Pause', 'Whether all sharing is stopped.', {
  paused: flag('True: nothing is shared until somebody resumes.'),
});

export const QuarantineSchema = named('Quarantine', 'Deliveries that this version can’t read or store.', {
  rows: Type.Array(
    Type.Object({
      eventId: text('By which one of them can be replayed alone.'),
      type: textOrNull('The event’s type; null: it couldn’t be read.'),
      receivedAt: instant('When it came.'),
      cause: text('What is in the way.'),
      replayable: flag('Whether this version can take it in by now.'),
    }),
  ),
});
export const ReplaySchema = named('Replay', 'What came of replaying.', {
  replayed: count('Taken in, and gone from quarantine.'),
  failed: count('Still there.'),
});

export const NotShareableSchema = named('NotShareable', 'Why a chat can’t be shared now, even by hand.', {
  ...ERROR_FIELDS,
  state: words<ChatState>(CHAT_STATES, STATE),
  reason: words<ShownReason>(SHOWN_REASONS, REASON),
});

export { ErrorSchema } from '../../http/answers.ts';
export {
  CatchUpSchema,
  type CatchUpView,
  LineSchema,
  type LineView,
  type Overview,
  OverviewSchema,
  type Problem,
} from './overview-schema.ts';

export type AttemptView = Static<typeof AttemptSchema>;
export type ChatView = Static<typeof ChatSchema>;
