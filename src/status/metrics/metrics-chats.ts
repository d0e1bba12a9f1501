import type { CatchUpActivity } from '../../catch-up/catch-up.ts';
import type { CardState } from '../../decide/holds.ts';
import { CHAT_STATES, LINE_GATE_REASONS } from '../view/chat-filters.ts';
import { each, flag, ofSeen, type Shown, secondsOf, showAccount } from './metrics-view.ts';

const CARD_STATES: readonly CardState[] = ['active', 'inactive', 'missing', 'unknown'];
const LINE_REASONS = ['line_excluded', ...LINE_GATE_REASONS] as const;
const ACTIVITIES: readonly CatchUpActivity[] = ['idle', 'running', 'waiting', 'failed', 'off'];

export const SHARING_METRICS: readonly Shown[] = [
  {
    name: 'ccr_chats',
    help: 'Chats by state, as it is shown: what closes the account or a line is laid over.',
    labels: ['state'],
    read: ofSeen(({ overview }) => each('state', CHAT_STATES, (state) => overview.chats.byState[state])),
  },
  {
    name: 'ccr_overdue_chats',
    help: 'Chats that are due, that nothing closes, and whose attempt hasn’t begun.',
    read: ofSeen(({ overview }) => overview.shares.overdue),
  },
  {
    name: 'ccr_oldest_overdue_seconds',
    help: 'For how long the first of the overdue chats has been due; 0: there is none.',
    read: ofSeen(({ overview }) => overview.shares.oldestOverdueSeconds ?? 0),
  },
  {
    name: 'ccr_next_due_timestamp_seconds',
    help: 'When the next chat that nothing closes is due.',
    read: ofSeen(({ overview }) => secondsOf(overview.shares.nextDueAt)),
  },
  {
    name: 'ccr_last_share_timestamp_seconds',
    help: 'When Linq took a share last.',
    read: ofSeen(({ overview }) => secondsOf(overview.shares.lastSucceededAt)),
  },
  {
    name: 'ccr_attempts_in_flight',
    help: 'Attempts under way.',
    read: ofSeen(({ situation }) => situation.gates.inFlight),
  },
  {
    name: 'ccr_account_closed',
    help: 'Whether this reason closes the whole account to automatic shares: 1 or 0. api_unavailable is the breaker.',
    labels: ['reason'],
    read: ofSeen(showAccount),
  },
];

export const LINE_METRICS: readonly Shown[] = [
  {
    name: 'ccr_lines',
    help: 'Your lines by the state of their contact card.',
    labels: ['card'],
    read: ofSeen(({ overview: { lines } }) =>
      each('card', CARD_STATES, (card) => lines.filter((line) => line.card.state === card).length),
    ),
  },
  {
    name: 'ccr_lines_closed',
    help: 'Your lines that are closed to automatic shares, by the first reason.',
    labels: ['reason'],
    read: ofSeen(({ overview: { lines } }) =>
      each('reason', LINE_REASONS, (reason) => lines.filter(({ hold }) => hold === reason).length),
    ),
  },
];

export const CATCH_UP_METRICS: readonly Shown[] = [
  {
    name: 'ccr_catch_up_state',
    help: '1 for what catching up is doing now, 0 for the rest. off: runs only on demand.',
    labels: ['state'],
    read: ofSeen(({ overview: { catchUp } }) =>
      each('state', ACTIVITIES, (state) => flag(catchUp.state === state)),
    ),
  },
  {
    name: 'ccr_catch_up_chats',
    help: 'Chats in the run under way, else in the last one: listed by Linq, dealt with, read, changed by it, and unreadable.',
    labels: ['progress'],
    read: ofSeen(({ overview: { catchUp } }) => [
      [{ progress: 'listed' }, catchUp.chatsTotal],
      [{ progress: 'seen' }, catchUp.chatsSeen],
      [{ progress: 'read' }, catchUp.chatsRead],
      [{ progress: 'changed' }, catchUp.chatsChanged],
      [{ progress: 'unread' }, catchUp.chatsUnread],
    ]),
  },
  {
    name: 'ccr_catch_up_completed_timestamp_seconds',
    help: 'When the last run ended.',
    read: ofSeen(({ overview }) => secondsOf(overview.catchUp.lastCompletedAt)),
  },
];
