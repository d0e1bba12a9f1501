import type { LookedUpFacts } from './facts.ts';
import type { LinqAnswer } from './outcome.ts';
import type { EpochMs } from './time.ts';

// What Linq's API reports, in our terms: `linq/` reads it, and several parts use it.

/** Linq didn't answer with what was asked for. */
export interface CallFailed {
  readonly kind: 'failed';
  readonly answer: LinqAnswer;
}

export interface NewCard {
  readonly line: string;
  readonly firstName: string;
  readonly lastName?: string;
  /** https; Linq makes its own copy. */
  readonly imageUrl?: string;
}

/** A chat of a list. */
export interface ListedChat extends Omit<Required<LookedUpFacts>, 'service'> {
  readonly chatId: string;
  /** When Linq last changed anything in it; null: Linq didn't say. */
  readonly updatedAt: EpochMs | null;
}

/** What one message proves, dated by its own time. Its text is read once and never kept. */
export type MessageRead =
  | {
      readonly kind: 'outbound';
      readonly at: EpochMs;
      readonly line: string | null;
      /** `iMessage`, `SMS`, `RCS`, or an unknown value unchanged; null: not stated. */
      readonly service: string | null;
    }
  | {
      readonly kind: 'inbound';
      readonly at: EpochMs;
      /** The whole message is an opt-out word, which counts in a direct chat only; null: none of it could be read. */
      readonly isOptOutWord: boolean | null;
    };

/** A webhook subscription of the account. */
export interface Subscription {
  /** Null: not stated, or not a usable id, so it can't be changed. */
  readonly subscriptionId: string | null;
  readonly targetUrl: string;
  /** True unless Linq says otherwise. */
  readonly isActive: boolean;
  /** Null: not stated. */
  readonly events: readonly string[] | null;
  /** The lines it is limited to; null: events of all lines. */
  readonly lines: readonly string[] | null;
}

/** A subscription that can be changed. */
export type NamedSubscription = Subscription & { readonly subscriptionId: string };
