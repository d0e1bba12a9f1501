import type { Clock } from '../clock.ts';
import type { CardState, Line } from '../decide/holds.ts';
import { classifyAnswer } from '../decide/outcome.ts';
import type { EpochMs } from '../decide/time.ts';
import type { Cards } from './cards.ts';
import type { Call, Gates } from './gates.ts';
import type { HoldBook } from './hold-book.ts';
import type { LinqCalls, Log } from './ports.ts';

/** Looks at once: an account with many lines must not keep shares and probes waiting behind them. */
const MAX_LOOKS = 4;

export type CardChecks = ReturnType<typeof createCardChecks>;

/** Looks at contact cards in the background; what it learns is written in the dispatcher's next turn. */
export function createCardChecks({
  linq,
  gates,
  book,
  cards,
  clock,
  log,
  onDone,
}: {
  linq: LinqCalls;
  gates: Gates;
  book: HoldBook;
  cards: Cards;
  clock: Clock;
  log: Log;
  onDone: () => void;
}) {
  let found: Pick<Line, 'line' | 'card' | 'cardCheckedAt'>[] = [];
  const running = new Set<Promise<void>>();

  async function look(line: string | null, startedAt: EpochMs, signal: AbortSignal): Promise<void> {
    const isFirst = line !== null && !cards.hasFailed(line);
    const answer = await linq.contactCards(line, signal);
    const call: Call = {
      chatId: null,
      line,
      isFirst,
      wasUndone: false,
      startedAt,
      endedAt: clock.now(),
    };
    if (answer.kind === 'cards') {
      gates.reached(call);
      if (line !== null) note(line, stateOf(answer.cards, line), call.endedAt);
      return;
    }
    if (signal.aborted && answer.answer.kind === 'unanswered') return; // cut by us
    const verdict = classifyAnswer(answer.answer);
    gates.heard(verdict, call);
    const retryAfterMs = verdict.kind === 'transient' ? verdict.retryAfterMs : null;
    if (line !== null) cards.failed(line, call.endedAt, retryAfterMs);
    log.warn({ verdict: verdict.kind, isAllLines: line === null }, 'card.check_failed');
  }

  function note(line: string, card: CardState, checkedAt: EpochMs): void {
    cards.checked(line, card, checkedAt);
    if (book.line(line)?.card !== card) log.info({ card }, 'card.checked');
    book.setCard(line, card, checkedAt);
    found.push({ line, card, cardCheckedAt: checkedAt });
  }

  return {
    /**
     * The end of a look takes the next turn, which asks again for those that there was no room for.
     * @param line null: all lines at once, to see whether Linq answers
     */
    start(line: string | null, now: EpochMs, signal: AbortSignal): void {
      if (line !== null && running.size >= MAX_LOOKS) return;
      if (line !== null) cards.checking(line);
      const run = look(line, now, signal).finally(() => {
        running.delete(run);
        onDone();
      });
      running.add(run);
    },
    isRunning: (): boolean => running.size > 0,
    /** A share was refused for lack of a card. */
    refused(line: string, now: EpochMs): void {
      cards.missing(line, now);
      book.setCard(line, 'missing', now);
      found.push({ line, card: 'missing', cardCheckedAt: now });
    },
    takeFound(): readonly Pick<Line, 'line' | 'card' | 'cardCheckedAt'>[] {
      const taken = found;
      found = [];
      return taken;
    },
    giveBack: (taken: readonly Pick<Line, 'line' | 'card' | 'cardCheckedAt'>[]): void => {
      found = [...taken, ...found];
    },
    settled: (): Promise<unknown> => Promise.allSettled(running),
  };
}

function stateOf(cards: readonly { line: string; isActive: boolean }[], line: string): CardState {
  const own = cards.filter((card) => card.line === line);
  if (own.some((card) => card.isActive)) return 'active';
  return own.length > 0 ? 'inactive' : 'missing';
}
