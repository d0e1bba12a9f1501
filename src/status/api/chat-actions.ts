import type { Clock } from '../../clock.ts';
import type { ChatReason, ChatRecord, ChatState } from '../../decide/chat.ts';
import type { ClosedReason } from '../../decide/holds.ts';
import { type EpochMs, SECOND } from '../../decide/time.ts';
import { chatNotFound, type Refusal } from '../../http/answers.ts';
import type { Attempt } from '../../store/turn.ts';
import type { StatusDeps } from '../view/deps.ts';

/** What came of sharing at an operator's word. */
export type ShareNow =
  | { readonly kind: 'settled'; readonly attempt: Attempt; readonly chat: ChatRecord }
  /** It goes on by itself; `attempt` is null when none has begun yet. */
  | { readonly kind: 'running'; readonly attempt: Attempt | null; readonly chat: ChatRecord }
  /** Not even by hand. */
  | {
      readonly kind: 'refused';
      readonly state: ChatState;
      readonly reason: ChatReason | ClosedReason;
      readonly chat: ChatRecord;
    }
  | { readonly kind: 'failed'; readonly refusal: Refusal };

/** Real time after which a share counts as still running. */
const PATIENCE_MS = 10 * SECOND;

type Sharing = Pick<StatusDeps, 'store' | 'dispatcher' | 'clock' | 'isDraining'>;

/** Shares a chat whatever policy, window and backoff say, and waits 10 s for what comes of it. @throws {StoreError} */
export async function shareNow(
  { store, dispatcher, clock, isDraining }: Sharing,
  chatId: string,
): Promise<ShareNow> {
  const known = await store.chat(chatId);
  if (known === null) return { kind: 'failed', refusal: chatNotFound(chatId) };
  if (isDraining()) return { kind: 'failed', refusal: DRAINING };
  const share = await within(PATIENCE_MS, dispatcher.shareManually(chatId), clock);
  if (share?.kind === 'stopped') return { kind: 'failed', refusal: DRAINING };
  if (share?.kind === 'not_found') return { kind: 'failed', refusal: chatNotFound(chatId) };
  if (share?.kind === 'settled') return share;
  const chat = (await store.chat(chatId)) ?? known;
  if (share?.kind === 'refused') return { ...share, chat };
  const [latest] = await store.attempts(chatId, 1);
  return { kind: 'running', attempt: latest?.endedAt === null ? latest : null, chat };
}

/** Changes what an operator decides of a chat; null: no such chat. @throws {StoreError} */
export async function changeChat(
  { store, dispatcher, clock }: Pick<StatusDeps, 'store' | 'dispatcher' | 'clock'>,
  chatId: string,
  change: (chat: ChatRecord, now: EpochMs) => ChatRecord,
): Promise<ChatRecord | null> {
  const now = clock.now();
  const chat = await store.updateChat(chatId, (stored) => change(stored, now), now);
  dispatcher.nudge();
  return chat;
}

/** Held by an operator, from now on unless it is already. */
export function holdChat(chat: ChatRecord, now: EpochMs): ChatRecord {
  return chat.operatorHeldAt === null ? { ...chat, operatorHeldAt: now } : chat;
}

const DRAINING: Refusal = {
  statusCode: 503,
  code: 'SHUTTING_DOWN',
  message: 'The service is shutting down; try again once it is back.',
};

/** The promise's value, or null if it isn't there in time. */
async function within<T>(ms: number, promise: Promise<T>, clock: Clock): Promise<T | null> {
  const settled = new AbortController();
  const timeout = clock.sleepUntil(clock.now() + clock.toDomain(ms), ms, settled.signal).then(() => null);
  try {
    return await Promise.race([promise, timeout]);
  } finally {
    settled.abort();
  }
}
