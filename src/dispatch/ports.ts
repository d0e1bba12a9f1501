import type { Trigger } from '../decide/chat.ts';
import type { LookedUpFacts } from '../decide/facts.ts';
import type { ContactCard } from '../decide/holds.ts';
import type { CallFailed } from '../decide/linq-api.ts';
import type { LinqAnswer, Outcome } from '../decide/outcome.ts';

/** The calls to Linq that sharing needs. None rejects: every result is a value. */
export interface LinqCalls {
  shareContactCard(chatId: string, signal?: AbortSignal): Promise<LinqAnswer>;
  contactCards(
    line: string | null,
    signal?: AbortSignal,
  ): Promise<{ readonly kind: 'cards'; readonly cards: readonly ContactCard[] } | CallFailed>;
  chat(
    chatId: string,
    signal?: AbortSignal,
  ): Promise<({ readonly kind: 'chat' } & LookedUpFacts) | CallFailed>;
}

/** @param lateMs from when the chat became due to the attempt's start; `tookMs`: from there to its end */
export type OnSettled = (attempt: {
  readonly trigger: Trigger;
  readonly outcome: Outcome | null;
  readonly lateMs: number;
  readonly tookMs: number;
}) => void;
