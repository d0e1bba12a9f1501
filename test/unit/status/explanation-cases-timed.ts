import { DAY, MINUTE } from '../../../src/decide/duration.ts';
import { chatOf, sharedChatOf, T } from '../../helpers/builders.ts';
import { type Case, NOW } from './explanation-cases.ts';

/** Chats that were, are being or will be shared. */
export const SHARED: readonly Case[] = [
  {
    state: 'done',
    reason: 'shared_once',
    when: 'shared',
    chat: sharedChatOf(T + MINUTE),
    policy: { reshare: 'once' },
    says: 'Shared at 2026-11-03 16:01:00 UTC and never again, since RESHARE_POLICY is once.',
  },
  {
    state: 'done',
    reason: 'share_limit',
    when: 'shared as often as allowed',
    chat: sharedChatOf(T + MINUTE, { shareCount: 2 }),
    policy: { maxSharesPerChat: 2 },
    says: 'Shared 2 times, and MAX_SHARES_PER_CHAT allows 2; raise it to share again.',
  },
  {
    state: 'waiting',
    reason: 'window',
    when: 'it will be shared at the lapse',
    chat: sharedChatOf(T + MINUTE),
    says: 'Shared at 2026-11-03 16:01:00 UTC; shared again when the window lapses, at 2026-11-04 16:01:00 UTC (in 23 h 1 min).',
  },
  {
    state: 'waiting',
    reason: 'window',
    when: 'it will be idle at the lapse',
    chat: sharedChatOf(T + MINUTE),
    policy: { reshare: 'active' },
    says: 'Shared at 2026-11-03 16:01:00 UTC; when the window lapses, at 2026-11-04 16:01:00 UTC (in 23 h 1 min), the chat goes on only if a message is sent in it.',
  },
  {
    state: 'waiting',
    reason: 'window',
    when: 'the share was only pretended',
    chat: chatOf({ dryRunAt: T + MINUTE }),
    policy: { dryRun: true },
    says: 'Share only recorded (DRY_RUN) at 2026-11-03 16:01:00 UTC; shared again when the window lapses, at 2026-11-04 16:01:00 UTC (in 23 h 1 min).',
  },
  {
    state: 'idle',
    reason: 'no_recent_outbound',
    when: 'the last message is old',
    chat: chatOf(),
    now: T + 8 * DAY,
    says: 'No outbound message for 7 d (RESHARE_IDLE_AFTER); the next outbound message gets the card shared again.',
  },
  {
    state: 'idle',
    reason: 'no_recent_outbound',
    when: 'nothing was sent since the share',
    chat: sharedChatOf(T + MINUTE),
    policy: { reshare: 'active' },
    now: T + 2 * DAY,
    says: 'Nothing was sent since the last share (RESHARE_POLICY is active); the next outbound message gets the card shared again.',
  },
  {
    state: 'retrying',
    reason: 'backoff',
    when: 'backing off',
    chat: chatOf({ failures: 3, retryAt: NOW + 90_000, retryReason: 'backoff' }),
    says: 'The last attempt failed (3 times in a row); tried again at 2026-11-03 17:01:30 UTC (in 1 min 30 s).',
  },
  {
    state: 'retrying',
    reason: 'rejected',
    when: 'refused',
    chat: chatOf({ retryAt: NOW + DAY, retryReason: 'rejected' }),
    says: 'Linq refused the last attempt; tried again at 2026-11-04 17:00:00 UTC (in 1 d).',
  },
  {
    state: 'due',
    reason: 'became_eligible',
    when: 'just now',
    chat: chatOf(),
    says: 'Due for its first share; the call is made as soon as its turn comes.',
  },
  {
    state: 'due',
    reason: 'became_eligible',
    when: 'in a dry run',
    chat: chatOf(),
    policy: { dryRun: true },
    says: 'Due for its first share; the call is made as soon as its turn comes, but only recorded since DRY_RUN is true.',
  },
  {
    state: 'due',
    reason: 'window_lapsed',
    when: 'overdue',
    chat: sharedChatOf(T - DAY, { state: 'waiting', nextAttemptAt: T }),
    says: 'Due since 2026-11-03 16:00:00 UTC to be shared again, since the last window lapsed; the call is made as soon as its turn comes.',
  },
  ...(['became_eligible', 'window_lapsed', 'manual'] as const).map(
    (reason): Case => ({
      state: 'sharing',
      reason,
      when: 'claimed',
      chat: chatOf({ state: 'sharing', reason, leaseId: 'l', leaseUntil: NOW + MINUTE }),
      says: 'A share of the contact card is under way.',
    }),
  ),
];
