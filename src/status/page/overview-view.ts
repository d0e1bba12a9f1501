import type { EpochMs } from '../../decide/time.ts';
import type { Figures } from '../../store/store.ts';
import type { SeenDelivery } from '../../webhook/report.ts';
import type { AttemptView, ChatView, Overview } from '../api/schemas.ts';
import { showAttempt, showChat, showLine } from '../view/chat-view.ts';
import { momentOf, type StatusDeps } from '../view/deps.ts';
import { createOverview } from '../view/whole-picture.ts';

/** An attempt of some chat. */
export interface SeenAttempt extends AttemptView {
  readonly chatId: string;
  readonly line: string | null;
}

/** What the first page shows. */
export interface OverviewPage {
  readonly overview: Overview;
  readonly now: EpochMs;
  /** Oldest first. */
  readonly hours: readonly Figures[];
  readonly days: readonly Figures[];
  /** Earliest first. */
  readonly due: readonly ChatView[];
  /** Newest first. */
  readonly attempts: readonly SeenAttempt[];
  readonly deliveries: readonly SeenDelivery[];
}

const SHOWN = { due: 5, attempts: 10, deliveries: 200 };

/**
 * Gathers what the first page shows. Nothing in it takes longer with more chats.
 * @throws {StoreError} what it resolves with rejects so
 */
export function createOverviewPage(deps: StatusDeps): () => Promise<OverviewPage> {
  const { store, showNumbers } = deps;
  const look = createOverview(deps);
  return async () => {
    const overview = await look();
    const moment = momentOf(deps);
    const { now } = moment;
    const { hours, days } = await store.shareHistory(now);
    const { account, lines } = moment.closures;
    // closed lines would hide the others; a closed account closes them all
    const due = await store.nextDue(SHOWN.due, account === null ? [...lines.keys()] : []);
    const attempts = await store.recentAttempts(SHOWN.attempts);
    return {
      overview,
      now,
      hours,
      days,
      due: due.map((chat) => showChat(chat, moment)),
      attempts: attempts.map((attempt) => ({
        ...showAttempt(attempt),
        chatId: attempt.chatId,
        line: attempt.line === null ? null : showLine(attempt.line, showNumbers),
      })),
      deliveries: deps.deliveries().slice(0, SHOWN.deliveries),
    };
  };
}
