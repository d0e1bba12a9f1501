import type { ChatEvent, LineEvent, OutboundEvidence } from './event.ts';
import type { EpochMs } from './time.ts';

/**
 * What events reported about a chat. Merging is commutative, associative and idempotent (minimum, maximum, or
 * latest by the event's own time with a fixed order for ties), so duplicates, redeliveries and reordering
 * yield the same facts.
 */
export interface ChatFacts {
  /**
   * From the latest outbound message that stated it; `…At` is that message's time, 0 if looked up in the API.
   */
  readonly line: string | null;
  readonly lineAt: EpochMs | null;
  readonly service: string | null;
  readonly serviceAt: EpochMs | null;
  readonly isGroup: boolean | null;
  readonly isGroupAt: EpochMs | null;
  readonly firstOutboundAt: EpochMs | null;
  readonly lastOutboundAt: EpochMs | null;
  readonly lastInboundAt: EpochMs | null;
  /** Latest opt-out word; latest other inbound message. */
  readonly optOutWordAt: EpochMs | null;
  readonly optedInAt: EpochMs | null;
  readonly health: string | null;
  readonly healthAt: EpochMs | null;
  /** When our line left the chat, and was added to it. */
  readonly leftAt: EpochMs | null;
  readonly joinedAt: EpochMs | null;
}

export const NO_FACTS: ChatFacts = Object.freeze({
  line: null,
  lineAt: null,
  service: null,
  serviceAt: null,
  isGroup: null,
  isGroupAt: null,
  firstOutboundAt: null,
  lastOutboundAt: null,
  lastInboundAt: null,
  optOutWordAt: null,
  optedInAt: null,
  health: null,
  healthAt: null,
  leftAt: null,
  joinedAt: null,
});

/** Merges an event into the facts. Returns the very same object when the event adds nothing new. */
export function mergeChatEvent<F extends ChatFacts>(facts: F, event: ChatEvent): F {
  const merged = {
    ...facts,
    ...outboundFacts(facts, event.outbound),
    ...inboundFacts(facts, event),
    ...healthFacts(facts, event),
    leftAt: latest(facts.leftAt, event.leftAt),
    joinedAt: latest(facts.joinedAt, event.joinedAt),
  };
  return haveSameFacts(facts, merged) ? facts : merged;
}

/**
 * Resolves an event for which Linq didn't say whether we left or were added: it was us if the participant is
 * one of our lines; null if not. Any line of ours will do, as it does when Linq says so itself: thus the
 * order of events doesn't matter once a line is known.
 */
export function ownMembership(event: ChatEvent, isOurLine: (handle: string) => boolean): ChatEvent | null {
  const { member, ...rest } = event;
  if (member === undefined) return event;
  return isOurLine(member.handle) ? { ...rest, leftAt: member.leftAt, joinedAt: member.joinedAt } : null;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

function outboundFacts(facts: ChatFacts, outbound: OutboundEvidence | null): Partial<Mutable<ChatFacts>> {
  if (outbound === null) return {};
  const { at, line, service, isGroup } = outbound;
  const reported: Partial<Mutable<ChatFacts>> = {
    firstOutboundAt: earliest(facts.firstOutboundAt, at),
    lastOutboundAt: latest(facts.lastOutboundAt, at),
  };
  if (line !== null && isNewer(facts.line, facts.lineAt, line, at, () => 0)) {
    reported.line = line;
    reported.lineAt = at;
  }
  if (service !== null && isNewer(facts.service, facts.serviceAt, service, at, serviceRank)) {
    reported.service = service;
    reported.serviceAt = at;
  }
  if (isGroup !== null && isNewer(facts.isGroup, facts.isGroupAt, isGroup, at, (value) => (value ? 1 : 0))) {
    reported.isGroup = isGroup;
    reported.isGroupAt = at;
  }
  return reported;
}

function inboundFacts(facts: ChatFacts, { inbound }: ChatEvent): Partial<ChatFacts> {
  if (inbound === null) return {};
  const lastInboundAt = latest(facts.lastInboundAt, inbound.at);
  if (inbound.isOptOut === null) return { lastInboundAt };
  return inbound.isOptOut
    ? { lastInboundAt, optOutWordAt: latest(facts.optOutWordAt, inbound.at) }
    : { lastInboundAt, optedInAt: latest(facts.optedInAt, inbound.at) };
}

function healthFacts(facts: ChatFacts, { health }: ChatEvent): Partial<ChatFacts> {
  if (health === null) return {};
  const { status, at } = health;
  return isNewer(facts.health, facts.healthAt, status, at, healthRank)
    ? { health: status, healthAt: at }
    : {};
}

/** Latest wins; at the same instant the higher rank, then the greater value by string order. */
function isNewer<V extends string | boolean>(
  oldValue: V | null,
  oldAt: EpochMs | null,
  value: V,
  at: EpochMs,
  rank: (value: V) => number,
): boolean {
  if (oldValue === null || oldAt === null || at > oldAt) return true;
  if (at < oldAt || value === oldValue) return false;
  const byRank = rank(value) - rank(oldValue);
  return byRank > 0 || (byRank === 0 && String(value) > String(oldValue));
}

export function isIMessage(service: string): boolean {
  return service.toLowerCase() === 'imessage';
}

/** At the same instant, any other service outranks iMessage: when in doubt, don't share. */
function serviceRank(service: string): number {
  return isIMessage(service) ? 0 : 1;
}

const HEALTH_RANKS: ReadonlyMap<string, number> = new Map([
  ['HEALTHY', 0],
  ['AT_RISK', 1],
  ['CRITICAL', 2],
  ['OPTED_OUT', 4],
]);

function healthRank(status: string): number {
  return HEALTH_RANKS.get(status) ?? 3;
}

export function latest(a: EpochMs | null, b: EpochMs | null): EpochMs | null {
  if (a === null || b === null) return a ?? b;
  return Math.max(a, b);
}

function earliest(a: EpochMs | null, b: EpochMs | null): EpochMs | null {
  if (a === null || b === null) return a ?? b;
  return Math.min(a, b);
}

/** The earliest of the instants still in the future; null: none. */
export function nextOf(now: EpochMs, ...instants: readonly (EpochMs | null)[]): EpochMs | null {
  const ahead = instants.filter((at) => at !== null && at > now) as EpochMs[];
  return ahead.length === 0 ? null : Math.min(...ahead);
}

const FACT_NAMES = Object.keys(NO_FACTS) as (keyof ChatFacts)[];

export function haveSameFacts(a: ChatFacts, b: ChatFacts): boolean {
  return FACT_NAMES.every((name) => a[name] === b[name]);
}

/** What Linq's events reported about one of our lines; merged like a chat's facts. */
export interface LineFacts {
  readonly status: string | null;
  readonly statusAt: EpochMs | null;
  readonly reputation: string | null;
  readonly reputationAt: EpochMs | null;
}

/** Merges a line event. Returns the very same object when it adds nothing new. */
export function mergeLineEvent<F extends LineFacts>(facts: F, event: LineEvent): F {
  const { status, reputation, at } = event;
  const isStatus = status !== null && isNewer(facts.status, facts.statusAt, status, at, statusRank);
  const isReputation =
    reputation !== null && isNewer(facts.reputation, facts.reputationAt, reputation, at, healthRank);
  if (!isStatus && !isReputation) return facts;
  return {
    ...facts,
    ...(isStatus ? { status, statusAt: at } : {}),
    ...(isReputation ? { reputation, reputationAt: at } : {}),
  };
}

/** FLAGGED outranks everything at the same instant, ACTIVE nothing. */
function statusRank(status: string): number {
  return status === 'ACTIVE' ? 0 : status === 'FLAGGED' ? 2 : 1;
}

/**
 * Facts that the API reported; null: it didn't say. Each fills only what is unknown, and any event overrides it.
 */
export interface LookedUpFacts {
  /** Our own line in the chat; null also if the line has left. */
  readonly line: string | null;
  /** `iMessage`, `SMS`, `RCS`, or an unknown value unchanged. */
  readonly service: string | null;
  readonly isGroup: boolean | null;
  /** `status` in upper case; `at` null: Linq didn't say when it began. */
  readonly health?: { readonly status: string; readonly at: EpochMs | null } | null;
}
