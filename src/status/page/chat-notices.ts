import type { Outcome } from '../../decide/chat.ts';
import { whyNotShareable } from '../api/share-route.ts';
import { CHAT_STATES } from '../view/chat-filters.ts';
import { SHOWN_REASONS } from '../view/explanation.ts';
import type { ChatPage } from './chat-view.ts';
import type { Notice } from './layout.ts';

/** What became of a share at an operator's word. */
export type ShareEnd = Outcome | 'running';

/** The words that lead back to a chat's page and say there what was done. */
export const doneWord = {
  held: 'held',
  released: 'released',
  shared: (end: ShareEnd) => `share.${end}`,
  refused: ({ state, reason }: { readonly state: string; readonly reason: string }) =>
    `refused.${state}.${reason}`,
} as const;

const done = (text: string): Notice => ({ kind: 'done', text });
const failed = (text: string): Notice => ({ kind: 'failed', text });

const SHARE_NOTICES: Readonly<Record<ShareEnd, Notice>> = {
  shared: done('The card is shared: Linq took the call.'),
  dry_run: done('Recorded only, since DRY_RUN is true: Linq wasn’t called.'),
  running: done('The share is still running; what comes of it shows in the timeline.'),
  retry: failed('Linq couldn’t share the card now; the timeline says what it answered.'),
  rejected: failed('Linq refused to share the card; the timeline says why.'),
  unknown: failed('No answer came from Linq, so whether the card is shared isn’t known.'),
  interrupted: failed('The share was cut off; whether the card is shared isn’t known.'),
};

const CHAT_NOTICES: ReadonlyMap<string, Notice> = new Map([
  [doneWord.held, done('The chat is held: no card is shared in it until you release it.')],
  [doneWord.released, done('The chat is released; from here the rules decide again.')],
  ...Object.entries(SHARE_NOTICES).map(([end, notice]) => [`share.${end}`, notice] as const),
]);

/** What to say on top of a chat's page; null: nothing that we know. */
export function chatNotice(word: unknown, { record, moment }: ChatPage): Notice | null {
  if (typeof word !== 'string') return null;
  const [what, stateWord, reasonWord] = word.split('.');
  if (what !== 'refused') return CHAT_NOTICES.get(word) ?? null;
  const state = CHAT_STATES.find((one) => one === stateWord);
  const reason = SHOWN_REASONS.find((one) => one === reasonWord);
  if (state === undefined || reason === undefined) return null;
  return failed(whyNotShareable({ chat: record, state, reason }, moment));
}
