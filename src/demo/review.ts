import { DAY, type EpochMs, SECOND } from '../decide/time.ts';
import { isShare, type ShareCall } from '../simulator/shares.ts';
import type { Calendar } from './calendar.ts';
import type { Opening, Play } from './play.ts';
import { PAUSE_MS } from './script.ts';
import { CAST, inSentence, type Member, NAMES, type Name } from './stage.ts';

/** Real time by which a share may be late before the demo complains: machines have other things to do. */
const ALLOWANCE_MS = 2 * SECOND;

/** The result for each chat, and whether every promise was kept so far. */
export async function createReport(play: Play, startAt: EpochMs, speed: number): Promise<DemoReport> {
  const { calendar } = play;
  const { clock, simulator, chatIds } = play.stage;
  const endAt = clock.now();
  const options = { endAt, allowanceMs: clock.toDomain(ALLOWANCE_MS), calendar };
  const broken = reviewPauses(simulator.calls, pausesOf(simulator.calls, PAUSE_MS), calendar);
  const chats: ChatSummary[] = [];
  for (const name of NAMES) {
    const chat = await summarize(play, name);
    const calls = simulator.callsOf(chatIds[name]);
    const course = {
      name: inSentence(name),
      openings: play.openingsOf(name),
      calls,
      shareCount: chat.shares,
    };
    broken.push(...reviewChat(course, options));
    chats.push(chat);
  }
  const [startedAt, endedAt] = [isoTime(startAt), isoTime(endAt)];
  return { ok: broken.length === 0, speed, startedAt, endedAt, broken, chats };
}

async function summarize({ stage }: Play, name: Name): Promise<ChatSummary> {
  const chatId = stage.chatIds[name];
  const { service, isGroup } = CAST[name];
  const { shareCount = 0, state = null, reason = null } = (await stage.chat(name)) ?? {};
  const promptedAt = stage.simulator.prompts(chatId).map(({ arrivedAt }) => isoTime(arrivedAt));
  return { name, chatId, service, isGroup, shares: shareCount, promptedAt, state, reason };
}

const isoTime = (at: EpochMs): string => new Date(at).toISOString();

/** What Linq saw of a chat, and what it should have seen. */
export interface Course {
  readonly name: string;
  readonly openings: readonly Opening[];
  readonly calls: readonly Pick<ShareCall, 'arrivedAt' | 'status' | 'effect'>[];
  /** Shares counted by the service. */
  readonly shareCount: number;
}

interface ReviewOptions {
  readonly endAt: EpochMs;
  /** How late a share may be: the machine may be busy, and the demo's hours are short. */
  readonly allowanceMs: number;
  readonly calendar: Pick<Calendar, 'inWords'>;
}

/** Linq shows the prompt again after a day at the earliest, whatever the settings. */
const WINDOW_MS = DAY;

/** Every broken promise in this chat, as a sentence; ideally none. */
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
    if (!isOpen)
      broken.push(`${name} should have been left alone, but was tried ${calendar.inWords(arrivedAt)}.`);
    else if (effect !== 'prompt' && effect !== 'refused' && effect !== 'suppressed')
      broken.push(`${name} was shared ${calendar.inWords(arrivedAt)} to no effect (${effect}).`);
  }
  if (shareCount !== shares.length)
    broken.push(`${name} has ${shares.length} shares by Linq’s count and ${shareCount} by the service’s.`);
  return [...broken, ...openings.flatMap((opening) => missedIn(opening, shares, name, options))];
}

function missedIn(opening: Opening, shares: readonly EpochMs[], name: string, options: ReviewOptions) {
  const { endAt, allowanceMs, calendar } = options;
  const lastBefore = shares.filter((at) => at < opening.from).at(-1);
  let dueAt = Math.max(opening.owedAt, lastBefore === undefined ? 0 : lastBefore + WINDOW_MS);
  while (dueAt + allowanceMs <= Math.min(endAt, opening.until ?? endAt)) {
    const next = shares.find((at) => at >= dueAt);
    if (next === undefined || next > dueAt + allowanceMs)
      return [`${name} should have got the card ${calendar.inWords(dueAt)}, but didn’t.`];
    dueAt = next + WINDOW_MS;
  }
  return [];
}

/** No calls may be made during a pause that Linq asked for. */
export function reviewPauses(
  calls: readonly Pick<ShareCall, 'arrivedAt'>[],
  pauses: readonly { readonly from: EpochMs; readonly until: EpochMs }[],
  calendar: Pick<Calendar, 'inWords'>,
): string[] {
  return pauses
    .filter(({ from, until }) => calls.some(({ arrivedAt }) => arrivedAt > from && arrivedAt < until))
    .map(({ from }) => `Linq was called during the pause that it asked for ${calendar.inWords(from)}.`);
}

/** The pauses that Linq asked for: from each 429, for its `Retry-After`. */
export function pausesOf(
  calls: readonly Pick<ShareCall, 'arrivedAt' | 'status'>[],
  retryAfterMs: number,
): { from: EpochMs; until: EpochMs }[] {
  return calls
    .filter(({ status }) => status === 429)
    .map(({ arrivedAt }) => ({ from: arrivedAt, until: arrivedAt + retryAfterMs }));
}

/** The result of one chat: the service's view, and what Linq saw. */
export interface ChatSummary {
  readonly name: Name;
  readonly chatId: string;
  readonly service: Member['service'];
  readonly isGroup: boolean;
  /** Counted by the service. */
  readonly shares: number;
  /** When Linq showed the other person the prompt. */
  readonly promptedAt: readonly string[];
  readonly state: string | null;
  readonly reason: string | null;
}

export interface DemoReport {
  /** Every promise was kept. */
  readonly ok: boolean;
  /** Simulated seconds per second. */
  readonly speed: number;
  readonly startedAt: string;
  readonly endedAt: string;
  /** Broken promises, as sentences. */
  readonly broken: readonly string[];
  readonly chats: readonly ChatSummary[];
}

const HEAD = ['chat', 'service', 'shares', 'prompts', 'state', 'reason'] as const;
const NUMERIC: ReadonlySet<string> = new Set(['shares', 'prompts']);

/** A table narrower than 80 columns, one chat per line. */
export function tabulate(chats: readonly ChatSummary[]): string {
  const rows = [
    HEAD,
    ...chats.map((chat) => [
      chat.name,
      chat.isGroup ? `${chat.service} group` : chat.service,
      String(chat.shares),
      String(chat.promptedAt.length),
      chat.state ?? '–',
      chat.reason ?? '–',
    ]),
  ];
  const widths = HEAD.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const cell = (text: string, column: number) => {
    const width = widths[column] ?? 0;
    return NUMERIC.has(HEAD[column] ?? '') ? text.padStart(width) : text.padEnd(width);
  };
  return rows.map((row) => row.map(cell).join('  ').trimEnd()).join('\n');
}
