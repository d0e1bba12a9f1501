import type { LineEvent } from '../../../src/decide/event.ts';
import { HOUR, MINUTE, SECOND } from '../../../src/decide/time.ts';
import { closesForMs, type Meaning, type ModelAnswer } from './answers.ts';
import { healthHarm, latestOf } from './told.ts';

/** What forbids calls to the whole account (`line` null) or one line, bounds excluded: calls under way may still come. */
interface Closure {
  readonly why: Meaning | 'breaker';
  readonly line: string | null;
  readonly from: number;
  readonly until: number;
}

/** What has an account or line closed, at least so long. */
const LEAST_MS: Partial<Record<Meaning, number>> = {
  limited: SECOND,
  key: Number.POSITIVE_INFINITY,
  feature: HOUR,
  line_paused: 30 * MINUTE,
  line_not_ours: 6 * HOUR,
};
const OF_LINE: readonly Meaning[] = ['line_paused', 'line_not_ours'];
/** Ended by nothing but a success, each try at which may fail. */
const PROBED: readonly Closure['why'][] = ['feature', 'line_not_ours'];
const FLAGGED_MS = 6 * HOUR;
const STREAK = 5;
/** Linq refuses the chat itself. */
export const REFUSALS: readonly Meaning[] = [
  'chat_gone',
  'chat_left',
  'unsupported',
  'opted_out',
  'blocked',
  'rejected',
];
/** 15 min, and half as much in jitter. */
export const CARD_BACKOFF_MS = 22.5 * MINUTE;

/** A card that isn't active is looked at again after so long. */
const CARD_RECHECK_MS = 2 * MINUTE;

export interface Look {
  readonly isActive: boolean;
  readonly at: number;
}

/** All of it replaced, never changed, so that it can be taken back. */
export interface Gates {
  readonly isPaused: boolean;
  readonly closures: readonly Closure[];
  /** Different chats that failed in a row and hadn't before. */
  readonly failing: readonly string[];
  /** Looks at cards that failed in a row. */
  readonly failedLooks: number;
  /** Different chats that were refused since the last share. */
  readonly refused: readonly string[];
  readonly looks: ReadonlyMap<string, Look>;
  readonly lineEvents: readonly LineEvent[];
  readonly clearedAt: ReadonlyMap<string, number>;
  /** Until when anything of this may keep calls waiting although all is well with Linq. */
  readonly calmAt: number;
}

export const OPEN_GATES: Gates = {
  isPaused: false,
  closures: [],
  failing: [],
  failedLooks: 0,
  refused: [],
  looks: new Map(),
  lineEvents: [],
  clearedAt: new Map(),
  calmAt: 0,
};

export interface Answered {
  /** Null: a look at a card. */
  readonly chatId: string | null;
  /** The chat had not failed before. */
  readonly isFirst: boolean;
  readonly line: string | null;
  readonly answer: ModelAnswer;
  readonly startedAt: number;
  readonly at: number;
}

/** The gates after an answer to a share or to the look at a chat before it, or after a look at a card that failed. */
export function gatesAfter(gates: Gates, answered: Answered): Gates {
  const { chatId, line, answer, startedAt, at } = answered;
  const { means, retryAfterMs } = answer;
  const least = LEAST_MS[means];
  const isEnded = (one: Closure) => means === 'shared' && (one.line === null || one.line === line);
  const isAnswer = !['failing', 'lost', 'limited'].includes(means) && chatId !== null;
  const closures = gates.closures.filter(
    (one) =>
      !(one.why === 'breaker' && isAnswer) && (one.until > at || (PROBED.includes(one.why) && !isEnded(one))),
  );
  // whatever isn't a success prolongs what waits for one
  const isProbing = means !== 'shared' && closures.some(({ why }) => PROBED.includes(why));
  // and a breaker that refusals opened is closed by nothing but a success
  const isRefused = means !== 'shared' && gates.refused.length >= STREAK;
  const prolongedMs = isProbing ? 6 * HOUR : isRefused ? 2 * MINUTE : 0;
  const next = calmAfter(gates, at + Math.max(closesForMs(answer), prolongedMs));
  if (least !== undefined && !(OF_LINE.includes(means) && line === null)) {
    const scope = OF_LINE.includes(means) ? line : null;
    closures.push({ why: means, line: scope, from: at, until: at + Math.max(least, retryAfterMs) });
  }
  if (means === 'limited') return { ...next, closures };
  if (means === 'failing' || means === 'lost') {
    const isNews = chatId !== null && answered.isFirst && !gates.failing.includes(chatId);
    const failing = isNews ? [...gates.failing, chatId] : gates.failing;
    const failedLooks = gates.failedLooks + (chatId === null ? 1 : 0);
    const isStreak = (isNews ? failing.length : chatId === null ? failedLooks : 0) === STREAK;
    const isOpening = isStreak && !closures.some(({ why, until }) => why === 'breaker' && until > at);
    if (isOpening) closures.push({ why: 'breaker', line: null, from: at, until: at + SECOND });
    return { ...next, closures, failing, failedLooks };
  }
  const isRefusal = REFUSALS.includes(means) && chatId !== null;
  const refused = means === 'shared' ? [] : [...new Set([...gates.refused, ...(isRefusal ? [chatId] : [])])];
  const clearedAt = new Map(gates.clearedAt);
  const flaggedAt = line === null ? null : flaggedSince(gates, line);
  const isCleared = means === 'shared' && flaggedAt !== null && startedAt > flaggedAt;
  if (isCleared && line !== null) clearedAt.set(line, startedAt);
  const looks = new Map(gates.looks);
  if (means === 'card' && line !== null) looks.set(line, { isActive: false, at });
  return { ...next, closures, failing: [], failedLooks: 0, refused, clearedAt, looks };
}

/** After a look that told something: the key is right, and Linq is there. */
export function gatesAfterLook(gates: Gates, line: string | null, isActive: boolean, at: number): Gates {
  const looks = new Map(gates.looks);
  if (line !== null) looks.set(line, { isActive, at });
  // a breaker that shares opened is closed by nothing but a share's answer
  const isOfShares = gates.failing.length >= STREAK || gates.refused.length >= STREAK;
  const isEnded = (why: Closure['why']) => why === 'key' || (why === 'breaker' && !isOfShares);
  const closures = gates.closures.filter(({ why }) => !isEnded(why));
  const next = { ...gates, looks, closures, failedLooks: 0 };
  return line === null || isActive ? next : calmAfter(next, at + CARD_RECHECK_MS);
}

/** Nobody could look: what was seen last stands until the next look, which backs off. */
export function gatesAfterNoLook(gates: Gates, line: string | null, at: number): Gates {
  const last = line === null ? undefined : gates.looks.get(line);
  if (line === null || last === undefined) return gates;
  return { ...gates, looks: new Map(gates.looks).set(line, { ...last, at: at + CARD_BACKOFF_MS }) };
}

/** Something waits for a success, so that while one call is tried, all others wait for what becomes of it. */
export function isProbed({ closures }: Gates): boolean {
  return closures.some(({ why }) => PROBED.includes(why));
}

export function gatesAfterEvent(gates: Gates, event: LineEvent, now: number): Gates {
  const told = calmAfter({ ...gates, lineEvents: [...gates.lineEvents, event] }, now + 1);
  return event.status === 'ACTIVE' ? withoutLineClosures(told, event.line, ['line_paused']) : told;
}

/** An operator released a line, or Linq says that it is ACTIVE again. */
function withoutLineClosures(gates: Gates, line: string, whys: readonly string[]): Gates {
  return { ...gates, closures: gates.closures.filter((one) => one.line !== line || !whys.includes(one.why)) };
}

export function released(gates: Gates, line: string, now: number): Gates {
  const told = gates.lineEvents.filter((event) => event.line === line).map(({ at }) => at);
  const clearedAt = new Map(gates.clearedAt).set(line, Math.max(now, ...told));
  return { ...withoutLineClosures(gates, line, OF_LINE), clearedAt };
}

export function calmAfter(gates: Gates, until: number): Gates {
  return { ...gates, calmAt: Math.max(gates.calmAt, until) };
}

/** A new process knows no cards, and tries at once whether key, feature and lines were mended. */
export function gatesAfterStart(gates: Gates, now: number): Gates {
  const standing = gates.closures.filter((one) => one.why !== 'line_paused' || !isLifted(gates, one));
  const closures = standing.map((one) => (PROBED.includes(one.why) ? { ...one, until: now } : one));
  return {
    ...gates,
    closures,
    looks: new Map(),
    failedLooks: 0,
    calmAt: Math.max(gates.calmAt, now + SECOND),
  };
}

/** An ACTIVE event that isn't older than the pause may have come before or after it: a new process can't tell. */
function isLifted({ lineEvents }: Gates, { line, from }: Closure): boolean {
  return lineEvents.some((event) => event.line === line && event.status === 'ACTIVE' && event.at >= from);
}

/** Since when Linq holds a line to be flagged, unless a share or an operator cleared it since; null: it isn't. */
export function flaggedSince({ lineEvents, clearedAt }: Gates, line: string): number | null {
  const own = lineEvents.filter((event) => event.line === line);
  const isStanding = (at: number) => at > (clearedAt.get(line) ?? 0);
  const status = latestOf(
    own.flatMap(({ status, at }) => (status === null ? [] : { value: status, at })),
    (value) => (value === 'FLAGGED' ? 2 : value === 'ACTIVE' ? 0 : 1),
  );
  if (status?.value === 'FLAGGED' && isStanding(status.at)) return status.at;
  const reputation = latestOf(
    own.flatMap(({ reputation, at }) => (reputation === null ? [] : { value: reputation, at })),
    healthHarm,
  );
  return reputation?.value === 'CRITICAL' && isStanding(reputation.at) ? reputation.at : null;
}

/** Why no call may be made on a line now; null: nothing speaks against it. */
export function closedBy(gates: Gates, line: string | null, now: number, cardTtlMs: number): string | null {
  if (gates.isPaused) return 'paused';
  const closure = gates.closures.find((one) => {
    const isConcerned = one.line === null || one.line === line;
    return isConcerned && now > one.from && now < one.until;
  });
  if (closure !== undefined) return `${closure.why} since ${closure.from}`;
  if (line === null) return null;
  const flaggedAt = flaggedSince(gates, line);
  if (flaggedAt !== null && now < flaggedAt + FLAGGED_MS) return 'flagged';
  const look = gates.looks.get(line);
  if (look === undefined) return 'nobody looked at its card';
  if (!look.isActive) return 'its card is not active';
  return now - look.at <= cardTtlMs ? null : 'nobody looked at its card lately';
}
