import {
  type ChatRecord,
  settleDryRun,
  settleVerdict,
  withdrawAttempt,
  withLookedUp,
} from '../../decide/chat.ts';
import type { LookedUpFacts } from '../../decide/facts.ts';
import { outcomeOf } from '../../decide/outcome.ts';
import { decideManualShare, decideShare } from '../../decide/share.ts';
import type { EpochMs } from '../../decide/time.ts';
import type { Store } from '../store.ts';
import type { Claim, Settled, Settlement } from '../turn.ts';
import type { AttemptEnd } from './attempt-table.ts';
import type { ChatRow } from './chat-table.ts';
import type { AttemptParts } from './claim.ts';
import type { StoreContext } from './context.ts';

export interface Settlements {
  /** Writes the end of an attempt, in the transaction under way, if the lease is still ours. */
  settle(settlement: Settlement, now: EpochMs): Settled;
  addLookedUp(claim: Claim, facts: LookedUpFacts, now: EpochMs): Awaited<ReturnType<Store['addLookedUp']>>;
}

export function createSettlements({ policy }: StoreContext, parts: AttemptParts): Settlements {
  const { chats, attempts, totals } = parts;

  /** The chat of a claim while its lease is ours. A lease that ran out is, until somebody else claims the chat. */
  function ours({ chat: { chatId }, leaseId }: Claim): { row: ChatRow; chat: ChatRecord } | null {
    const { row, chat } = chats.find(chatId);
    return row === null || chat.leaseId !== leaseId ? null : { row, chat };
  }

  function settledChat(chat: ChatRecord, { claim, endedAt, result }: Settlement): ChatRecord {
    switch (result.kind) {
      case 'verdict': {
        const times = { startedAt: claim.startedAt, endedAt };
        return settleVerdict(chat, result.verdict, times, policy, result.random);
      }
      case 'dry_run':
        return settleDryRun(chat, endedAt);
      case 'withdrawn': // back to its place in the queue
        return { ...withdrawAttempt(chat), nextAttemptAt: claim.dueAt };
    }
  }

  return {
    settle(settlement, now) {
      const { claim } = settlement;
      const stored = ours(claim);
      if (stored === null) {
        return { isOurs: false, chat: chats.find(claim.chat.chatId).chat, attempt: null };
      }
      const chat = chats.save(stored, settledChat(stored.chat, settlement), now);
      const end = endOf(settlement);
      if (end === null) {
        attempts.withdraw(stored.row[0]);
        return { isOurs: true, chat, attempt: null };
      }
      attempts.end(stored.row[0], end);
      totals.add(end.outcome, end.endedAt);
      const { attemptId, trigger, startedAt } = claim;
      return {
        isOurs: true,
        chat,
        attempt: { attemptId, chatId: chat.chatId, trigger, startedAt, ...end },
      };
    },
    addLookedUp(claim, facts, now) {
      const stored = ours(claim);
      if (stored === null) return null;
      const chat = chats.save(stored, withLookedUp(stored.chat, facts, now), now);
      const free = withdrawAttempt(chat);
      const isDue =
        claim.trigger === 'manual'
          ? decideManualShare(free, policy, now) === null
          : decideShare(free, policy, now).state === 'due';
      if (isDue && !policy.dryRun) attempts.mayCall(stored.row[0]);
      return { chat, isDue };
    },
  };
}

/** How the attempt is recorded; null: not at all. */
function endOf({ result, endedAt }: Settlement): AttemptEnd | null {
  switch (result.kind) {
    case 'verdict': {
      const { verdict, httpStatus, linqCode, traceId } = result;
      return { endedAt, outcome: outcomeOf(verdict), httpStatus, linqCode, traceId };
    }
    case 'dry_run':
      return { endedAt, outcome: 'dry_run', httpStatus: null, linqCode: null, traceId: null };
    case 'withdrawn':
      return null;
  }
}
