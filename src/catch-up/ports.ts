import type { LinqAnswer } from '../decide/outcome.ts';
import type { EpochMs } from '../decide/time.ts';

/** A read brought nothing. */
export interface ReadFailed {
  readonly kind: 'failed';
  readonly answer: LinqAnswer;
}

interface Told {
  readonly line: string | null;
  readonly isGroup: boolean | null;
  readonly health: { readonly status: string; readonly at: EpochMs | null } | null;
}

/** A chat as a listing tells of it. */
export interface ListedChat extends Told {
  readonly chatId: string;
  readonly updatedAt: EpochMs | null;
}

/** A chat whose messages are to be read, and what is known of it apart from them. */
export interface ChatToRead extends Told {
  readonly chatId: string;
}

/** What one message proves. */
export type ReadMessage =
  | {
      readonly kind: 'outbound';
      readonly at: EpochMs;
      readonly line: string | null;
      readonly service: string | null;
    }
  | { readonly kind: 'inbound'; readonly at: EpochMs; readonly isOptOutWord: boolean | null };

export interface ReadSubscription {
  readonly targetUrl: string;
  readonly isActive: boolean;
  readonly events: readonly string[] | null;
}

/** The calls to Linq that catching up needs. None rejects: what happened is a value. */
export interface LinqReads {
  /** Of one line, or of all of them (null), which Linq may refuse. */
  chats(
    line: string | null,
    cursor: string | null,
    signal: AbortSignal,
  ): Promise<
    | { readonly kind: 'chats'; readonly chats: readonly ListedChat[]; readonly nextCursor: string | null }
    | ReadFailed
  >;
  messages(
    chatId: string,
    cursor: string | null,
    signal: AbortSignal,
  ): Promise<
    | {
        readonly kind: 'messages';
        readonly messages: readonly ReadMessage[];
        readonly nextCursor: string | null;
      }
    | ReadFailed
  >;
  /** The account's own lines. */
  lines(
    signal: AbortSignal,
  ): Promise<{ readonly kind: 'lines'; readonly lines: readonly string[] } | ReadFailed>;
  subscriptions(
    signal: AbortSignal,
  ): Promise<
    { readonly kind: 'subscriptions'; readonly subscriptions: readonly ReadSubscription[] } | ReadFailed
  >;
}

/** What closes the account to us as to everyone else, and whom to tell when a call of ours shows it. */
export interface Account {
  /** Why no call may be made now; `until`: when it may end, null: nobody knows. */
  closure(): { readonly cause: string; readonly until: EpochMs | null } | null;
  /** An answer that closes the account closes it for all calls. */
  heard(answer: LinqAnswer, startedAt: EpochMs): void;
}

/** Structured logging: fields first, then the event's name. */
export interface Log {
  debug(fields: object, event: string): void;
  info(fields: object, event: string): void;
  warn(fields: object, event: string): void;
  error(fields: object, event: string): void;
}
