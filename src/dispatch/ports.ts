import type { LinqAnswer } from '../decide/answer.ts';
import type { LookedUpFacts } from '../decide/look-up.ts';

/** The calls to Linq that sharing needs. None rejects: what happened is a value. */
export interface LinqCalls {
  shareContactCard(chatId: string, signal?: AbortSignal): Promise<LinqAnswer>;
  contactCards(
    line: string | null,
    signal?: AbortSignal,
  ): Promise<
    | {
        readonly kind: 'cards';
        readonly cards: readonly { readonly line: string; readonly isActive: boolean }[];
      }
    | { readonly kind: 'failed'; readonly answer: LinqAnswer }
  >;
  chat(
    chatId: string,
    signal?: AbortSignal,
  ): Promise<
    ({ readonly kind: 'chat' } & LookedUpFacts) | { readonly kind: 'failed'; readonly answer: LinqAnswer }
  >;
}

/** Structured logging: fields first, then the event's name. */
export interface Log {
  debug(fields: object, event: string): void;
  info(fields: object, event: string): void;
  warn(fields: object, event: string): void;
  error(fields: object, event: string): void;
}
