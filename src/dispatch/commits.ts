import { type ClockShift, shiftHold } from '../decide/clock-shift.ts';
import { isRefusal, outcomeOf } from '../decide/outcome.ts';
import type { EpochMs } from '../decide/time.ts';
import type { Log } from '../log.ts';
import type { Store } from '../store/store.ts';
import type { AttemptOutcome, ClaimRequest, Settled, Settlement, TurnResult } from '../store/turn.ts';
import type { CardChecks } from './card-checks.ts';
import type { HoldBook } from './hold-book.ts';
import type { ManualShares } from './manual.ts';
import type { OnSettled } from './ports.ts';
import type { StoreVersion } from './shared-state.ts';

interface Committed extends Pick<TurnResult, 'claims' | 'starts' | 'isContended' | 'lacksLookUps'> {
  /** Some chats are due that weren't when the claim was planned. */
  readonly isDueAgain: boolean;
  /** A line's card isn't the one that we know of. */
  readonly hasNewCard: boolean;
  /** There was nothing to write or to claim. */
  readonly isNothing: boolean;
}

const NOTHING_COMMITTED: Committed = {
  ...{ claims: [], starts: new Map(), isContended: false, lacksLookUps: false },
  isDueAgain: false,
  hasNewCard: false,
  isNothing: true,
};

interface CommitDeps {
  readonly store: Pick<Store, 'turn'>;
  readonly book: Pick<HoldBook, 'takeChanges' | 'giveBack' | 'hasChanges' | 'line'>;
  readonly cardChecks: Pick<CardChecks, 'takeFound' | 'giveBack'>;
  readonly manual: Pick<ManualShares, 'settled'>;
  readonly version: StoreVersion;
  readonly log: Log;
  /** Called for every attempt once its outcome is on disk. */
  readonly onSettled: OnSettled | undefined;
}

export type Commits = ReturnType<typeof createCommits>;

/** Collects the results of attempts, card checks and holds until they are written. */
export function createCommits({ store, book, cardChecks, manual, version, log, onSettled }: CommitDeps) {
  let waiting: Settlement[] = [];
  /** Chats may have been claimed without our hearing of it: the next turn withdraws that, so there has to be one. */
  let isInDoubt = false;

  function report(settlement: Settlement | undefined, settled: Settled): void {
    if (settlement === undefined) return;
    const { claim, endedAt } = settlement;
    manual.settled(settlement, settled);
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
    /** The clock was corrected before what is pending could be written: its times follow. */
    shift(shift: ClockShift): void {
      const past = (at: EpochMs) => Math.min(at + shift.byMs, shift.now);
      waiting = waiting.map(({ claim, endedAt, result }) => {
        const startedAt = past(claim.startedAt);
        return { claim: { ...claim, startedAt }, endedAt: past(endedAt), result };
      });
      const { put, cleared, ...changes } = book.takeChanges();
      book.giveBack({
        ...changes,
        put: new Map([...put].map(([key, hold]) => [key, shiftHold(hold, shift)])),
        cleared: cleared.map(({ line, clearedAt }) => ({ line, clearedAt: past(clearedAt) })),
      });
      const found = cardChecks.takeFound();
      cardChecks.giveBack(
        found.map((card) => ({
          ...card,
          cardCheckedAt: card.cardCheckedAt === null ? null : past(card.cardCheckedAt),
        })),
      );
    },
    /** A claim by other means than `commit` failed. */
    doubt(): void {
      isInDoubt = version.isShared;
    },
    unwritten: (): readonly AttemptOutcome[] => waiting.flatMap((settlement) => outcomeIn(settlement) ?? []),
    /**
     * Writes everything that is pending, and claims, in one commit. What can't be written stays pending.
     * @throws {StoreError}
     */
    async commit(claim: ClaimRequest | null, now: EpochMs): Promise<Committed> {
      const found = cardChecks.takeFound();
      const hasChanges = waiting.length > 0 || found.length > 0 || book.hasChanges();
      if (claim === null && !hasChanges && !isInDoubt) return NOTHING_COMMITTED;
      const settlements = waiting;
      const changes = book.takeChanges();
      waiting = [];
      isInDoubt = false;
      const loads = version.loads();
      try {
        const result = await store.turn(
          {
            version: version.current(),
            settlements,
            endedHolds: [...changes.ended.values()],
            holds: [...changes.put.values()],
            cards: found,
            cleared: changes.cleared,
            undone: changes.undone,
            claim,
          },
          now,
        );
        for (const [index, settled] of result.settled.entries()) report(settlements[index], settled);
        const { ended, put, cleared } = changes;
        const hasWritten = ended.size + put.size + cleared.length + found.length > 0;
        version.turned(result.version, hasWritten, loads);
        if (result.settled.some(({ isOurs }, index) => isOurs && mayMakeStreak(settlements[index])))
          version.miscounted();
        const isDueAgain = result.settled.some(({ chat }) => chat.state === 'due');
        const hasNewCard = found.some(
          ({ line, digest = null }) => digest !== null && digest !== book.line(line)?.cardDigest,
        );
        const isMore = isDueAgain || changes.undone.length > 0;
        return { ...result, isDueAgain: isMore, hasNewCard, isNothing: false };
      } catch (error) {
        isInDoubt = version.isShared;
        waiting = [...settlements, ...waiting];
        book.giveBack(changes);
        cardChecks.giveBack(found);
        throw error;
      }
    },
  };
}

/** The part of an ended attempt that counts for streaks; null: none. */
function outcomeIn({ claim, result }: Settlement): AttemptOutcome | null {
  if (result.kind !== 'verdict') return null;
  const { chatId, failures } = claim.chat;
  const { verdict, httpStatus, linqCode } = result;
  const hasFailed = verdict.kind === 'transient';
  return {
    chatId,
    httpStatus,
    linqCode,
    outcome: outcomeOf(verdict),
    failures: hasFailed ? failures + 1 : 0,
  };
}

/** A refusal, or the first failure of a chat. */
function mayMakeStreak(settlement: Settlement | undefined): boolean {
  if (settlement?.result.kind !== 'verdict') return false;
  const { verdict } = settlement.result;
  return isRefusal(verdict) || (verdict.kind === 'transient' && settlement.claim.chat.failures === 0);
}
