import type { ChatRecord } from '../../decide/chat.ts';
import { decideManualShare } from '../../decide/share.ts';
import type { EpochMs } from '../../decide/time.ts';
import type { Attempt } from '../../store/turn.ts';
import { MAX_ATTEMPTS } from '../api/chat-routes.ts';
import type { ChatView, Overview } from '../api/schemas.ts';
import { type Moment, showChat } from '../view/chat-view.ts';
import { momentOf, type StatusDeps } from '../view/deps.ts';
import { createOverview } from '../view/whole-picture.ts';

/** What the operator can ask for with some hope. */
export type Action = 'share' | 'hold' | 'release';

/** What the page of one chat shows. */
export interface ChatPage {
  readonly overview: Overview;
  readonly moment: Moment;
  readonly now: EpochMs;
  readonly record: ChatRecord;
  readonly shown: ChatView;
  /** Newest first. */
  readonly attempts: readonly Attempt[];
  readonly actions: readonly Action[];
}

/** Gathers what is known of a chat; null: no such chat. @throws {StoreError} what it resolves with rejects so */
export function createChatPage(deps: StatusDeps): (chatId: string) => Promise<ChatPage | null> {
  const { store } = deps;
  const look = createOverview(deps);
  return async (chatId) => {
    const record = await store.chat(chatId);
    if (record === null) return null;
    const attempts = await store.attempts(chatId, MAX_ATTEMPTS);
    const overview = await look();
    const moment = momentOf(deps);
    const shown = showChat(record, moment);
    const actions = actionsFor(record, shown, moment);
    return { overview, moment, now: moment.now, record, shown, attempts, actions };
  };
}

function actionsFor(chat: ChatRecord, { state }: ChatView, moment: Moment): readonly Action[] {
  const isHeld = chat.operatorHeldAt !== null;
  const actions: readonly (readonly [Action, boolean])[] = [
    ['share', state !== 'sharing' && isShareable(chat, moment)],
    ['hold', !isHeld && state !== 'retired'],
    ['release', isHeld || chat.parkedAt !== null || chat.blockedAt !== null],
  ];
  return actions.filter(([, isSensible]) => isSensible).map(([action]) => action);
}

/** A card that nobody could look at yet is looked at before the share. */
function isShareable(chat: ChatRecord, { policy, now, closures }: Moment): boolean {
  const closure = closures.of(chat.line);
  return (
    decideManualShare(chat, policy, now) === null && (closure === null || closure.reason === 'card_unknown')
  );
}
