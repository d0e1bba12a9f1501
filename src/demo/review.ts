import { DAY, type EpochMs } from '../decide/time.ts';
import type { ShareCall } from '../simulator/shares.ts';
import type { Calendar } from './calendar.ts';

/** A time in which a chat has to get its card: once it is owed, and again at each lapse. */
export interface Opening {
  readonly from: EpochMs;
  /** When the first share has to come; later than `from` while Linq refuses. */
  readonly owedAt: EpochMs;
  /** Null: it is still open. */
  readonly until: EpochMs | null;
}

/** What Linq saw of a chat, and what it should have seen. */
export interface Course {
  readonly name: string;
  readonly openings: readonly Opening[];
  readonly calls: readonly Pick<ShareCall, 'arrivedAt' | 'status' | 'effect'>[];
  /** Shares as the service counts them. */
  readonly shareCount: number;
}

export interface ReviewOptions {
  readonly endAt: EpochMs;
  /** How late a share may come: the machine may be busy, and the demo's hours are short. */
  readonly allowanceMs: number;
  readonly calendar: Pick<Calendar, 'inWords'>;
}

/** Linq shows the prompt again after a day at the earliest, whatever is set. */
const WINDOW_MS = DAY;

/** Every promise that was broken in this chat, as a sentence; none is what we want. */
export function reviewChat(course: Course, options: ReviewOptions): string[] {
  const { name, calls, openings, shareCount } = course;
  const { calendar } = options;
  const shares = calls.filter(isShare).map(({ arrivedAt }) => arrivedAt);
  const broken: string[] = [];
  for (const [index, at] of shares.entries()) {
    const before = shares[index - 1];
    if (before !== undefined && at - before < WINDOW_MS)
      broken.push(`${name} was asked twice within 24 hours, ${calendar.inWords(at)}.`);
  }
  for (const { arrivedAt, effect } of calls) {
    const isOpen = openings.some(
      ({ from, until }) => arrivedAt >= from && (until === null || arrivedAt < until),
    );
    if (!isOpen) broken.push(`${name} was to be left alone, but was tried ${calendar.inWords(arrivedAt)}.`);
    else if (effect !== 'prompt' && effect !== 'refused' && effect !== 'suppressed')
      broken.push(`${name} was shared ${calendar.inWords(arrivedAt)} to no effect (${effect}).`);
  }
  if (shareCount !== shares.length)
    broken.push(`${name} has ${shares.length} shares by Linq's count and ${shareCount} by the service's.`);
  return [...broken, ...openings.flatMap((opening) => missedIn(opening, shares, name, options))];
}

function missedIn(opening: Opening, shares: readonly EpochMs[], name: string, options: ReviewOptions) {
  const { endAt, allowanceMs, calendar } = options;
  const lastBefore = shares.filter((at) => at < opening.from).at(-1);
  let dueAt = Math.max(opening.owedAt, lastBefore === undefined ? 0 : lastBefore + WINDOW_MS);
  while (dueAt + allowanceMs <= Math.min(endAt, opening.until ?? endAt)) {
    const next = shares.find((at) => at >= dueAt);
    if (next === undefined || next > dueAt + allowanceMs)
      return [`${name} was to get the card ${calendar.inWords(dueAt)}, and did not.`];
    dueAt = next + WINDOW_MS;
  }
  return [];
}

/** No call at all may be made while Linq has asked for a pause. */
export function reviewPauses(
  calls: readonly Pick<ShareCall, 'arrivedAt'>[],
  pauses: readonly { readonly from: EpochMs; readonly until: EpochMs }[],
  calendar: Pick<Calendar, 'inWords'>,
): string[] {
  return pauses
    .filter(({ from, until }) => calls.some(({ arrivedAt }) => arrivedAt > from && arrivedAt < until))
    .map(({ from }) => `Linq was called in the pause that it asked for ${calendar.inWords(from)}.`);
}

/** The pauses that Linq asked for: from a 429 on, as long as its `Retry-After` said. */
export function pausesOf(
  calls: readonly Pick<ShareCall, 'arrivedAt' | 'status'>[],
  retryAfterMs: number,
): { from: EpochMs; until: EpochMs }[] {
  return calls
    .filter(({ status }) => status === 429)
    .map(({ arrivedAt }) => ({ from: arrivedAt, until: arrivedAt + retryAfterMs }));
}

export const isShare = ({ status }: Pick<ShareCall, 'status'>): boolean => status !== null && status < 300;
