import type { EpochMs } from '../decide/time.ts';
import type { Claim, ClaimRequest, Settled, Settlement } from '../store/turn.ts';
import type { TurnDeps } from './turns.ts';

export interface Committed {
  readonly claims: readonly Claim[];
  /** Chats are due that weren't when the claim was planned. */
  readonly isDueAgain: boolean;
  /** Chats are due that wait for their look-up. */
  readonly lacksLookUps: boolean;
}

/** What attempts, looks at cards and holds brought, until it is written. */
export function createCommits({ store, book, cardChecks, manual, log, onSettled }: TurnDeps) {
  let waiting: Settlement[] = [];

  function tell(settlement: Settlement | undefined, settled: Settled): void {
    if (settlement === undefined) return;
    const { claim, endedAt } = settlement;
    manual.settled(claim, settled);
    const { attemptId, trigger, startedAt, dueAt } = claim;
    const { chatId } = claim.chat;
    if (!settled.isOurs) log.warn({ attemptId, chatId }, 'attempt.lease_lost');
    if (!settled.isOurs || settled.attempt === null) return;
    const { outcome, httpStatus, linqCode, traceId } = settled.attempt;
    const { state, reason } = settled.chat;
    const times = { lateMs: startedAt - dueAt, tookMs: endedAt - startedAt };
    const fields = {
      attemptId,
      chatId,
      trigger,
      outcome,
      httpStatus,
      linqCode,
      traceId,
      ...times,
      state,
      reason,
    };
    log.info(fields, 'attempt.settled');
    onSettled?.({ trigger, outcome, ...times });
  }

  return {
    ended: (settlement: Settlement): void => void waiting.push(settlement),
    /** Writes everything that waits to be written, and claims, in one commit. What can't be written waits on. @throws {StoreError} */
    async commit(claim: ClaimRequest | null, now: EpochMs): Promise<Committed> {
      const found = cardChecks.takeFound();
      const isNothing = claim === null && waiting.length === 0 && found.length === 0 && !book.hasChanges();
      if (isNothing) return { claims: [], isDueAgain: false, lacksLookUps: false };
      const settlements = waiting;
      const changes = book.takeChanges();
      waiting = [];
      const holds = [...changes.holds.values()];
      try {
        const result = await store.turn(
          {
            settlements,
            holds: holds.filter((hold) => 'since' in hold),
            endedHolds: holds.filter((hold) => !('since' in hold)),
            cards: found,
            cleared: changes.cleared,
            undone: changes.undone,
            claim,
          },
          now,
        );
        for (const [index, settled] of result.settled.entries()) tell(settlements[index], settled);
        const isDueAgain = result.settled.some(({ chat }) => chat.state === 'due');
        const { claims, lacksLookUps } = result;
        return { claims, isDueAgain: isDueAgain || changes.undone.length > 0, lacksLookUps };
      } catch (error) {
        waiting = [...settlements, ...waiting];
        book.giveBack(changes);
        cardChecks.giveBack(found);
        throw error;
      }
    },
  };
}
