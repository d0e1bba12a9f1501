import type { CatchUpView } from '../../status/api/schemas.ts';
import { durationInWords } from '../../status/view/wording.ts';
import { timeOrAbsent } from '../terminal/words.ts';

const CAUSES: ReadonlyMap<string, string> = new Map([
  ['rate_limited', 'Linq limits the rate of calls'],
  ['api_key_rejected', 'Linq rejects the API key'],
  ['clock_skew', "this machine's clock disagrees with Linq's"],
  ['unforeseen', 'an error that the service log tells'],
]);

export function causeInWords(cause: string | null): string {
  return cause === null ? 'for its turn' : (CAUSES.get(cause) ?? `Linq's API doesn't answer well (${cause})`);
}

/** A line of the status. */
export function catchUpInWords(view: CatchUpView): string {
  const { state, cause, lastCompletedAt } = view;
  const last =
    lastCompletedAt === null ? 'never completed yet' : `last completed at ${timeOrAbsent(lastCompletedAt)}`;
  if (state === 'idle') return last;
  if (state === 'off') return `only on demand, ${last}`;
  if (state === 'running') return `running, ${progressInWords(view)}; ${last}`;
  return `${state}: ${causeInWords(cause)}; ${last}`;
}

/** `560 of 1000 chats, 12 read`. */
function progressInWords({ chatsSeen, chatsTotal, chatsRead }: CatchUpView): string {
  const seen = chatsTotal === null ? `${chatsSeen} chats so far` : `${chatsSeen} of ${chatsTotal} chats`;
  return `${seen}, ${chatsRead} read`;
}

const BAR_WIDTH = 24;

/** `[######------------------]  25 %  25 of 100 chats, 3 read`; without a bar while nobody knows the whole. */
export function progressBar(view: CatchUpView): string {
  const { state, cause, chatsSeen, chatsTotal } = view;
  const words = state === 'waiting' ? `waiting: ${causeInWords(cause)}` : progressInWords(view);
  if (chatsTotal === null) return `Catching up: ${words}`;
  const part = chatsTotal === 0 ? 1 : Math.min(1, chatsSeen / chatsTotal);
  const full = Math.floor(part * BAR_WIDTH);
  const percent = `${Math.floor(part * 100)} %`.padStart(5);
  return `[${'#'.repeat(full)}${'-'.repeat(BAR_WIDTH - full)}] ${percent}  ${words}`;
}

/** What a run that completed has brought. */
export function summaryInWords(view: CatchUpView): string {
  const { chatsSeen, chatsRead, chatsChanged, chatsUnread, startedAt, lastCompletedAt } = view;
  const skipped = Math.max(0, chatsSeen - chatsRead - chatsUnread);
  const tookMs = Date.parse(lastCompletedAt ?? '') - Date.parse(startedAt ?? '');
  const took = Number.isFinite(tookMs) ? ` in ${durationInWords(tookMs)}` : '';
  const unread =
    chatsUnread === 0
      ? ''
      : ` ${chatsUnread} couldn't be read: the next run tries them again, the service log says why.`;
  return `Caught up${took}: ${chatsSeen} chats seen, ${chatsRead} read, ${skipped} skipped as unchanged; ${chatsChanged} had something new.${unread}`;
}
