import type { ChatEvent } from '../../../src/decide/event.ts';

/** A value, and when it was told: 0 if it was asked of the API. */
export interface Latest<V> {
  readonly value: V;
  readonly at: number;
}

/** What was told of a chat. */
export interface Told {
  readonly line: Latest<string> | null;
  readonly service: Latest<string> | null;
  readonly isGroup: Latest<boolean> | null;
  readonly health: Latest<string> | null;
  readonly firstOutboundAt: number | null;
  readonly lastOutboundAt: number | null;
  readonly lastInboundAt: number | null;
  readonly optOutWordAt: number | null;
  readonly optedInAt: number | null;
  readonly leftAt: number | null;
  readonly joinedAt: number | null;
}

/** What the API told of a chat when no event did. */
export interface Asked {
  readonly line: string | null;
  readonly service: string | null;
  readonly isGroup: boolean | null;
}

/** From harmless to harmful: at the same instant the later one of a list counts, an unknown value as UNKNOWN. */
const HEALTHS = ['HEALTHY', 'AT_RISK', 'CRITICAL', 'UNKNOWN', 'OPTED_OUT'];

/**
 * What all events of a chat tell together: by looking for the earliest and the latest among all of them, never by merging
 * one at a time, so that it shares no idea (and no mistake) with the service.
 */
export function toldOf(events: readonly ChatEvent[], asked: Asked | null): Told {
  const sent = events.flatMap(({ outbound }) => outbound ?? []);
  const heard = events.flatMap(({ inbound }) => inbound ?? []);
  const healths = events.flatMap(({ health }) => health ?? []);
  const stated = <V>(pick: (one: (typeof sent)[number]) => V | null, harm: (value: V) => number) =>
    latestOf(sent.map((one) => ({ value: pick(one), at: one.at })).filter(isStated), harm);
  return {
    line:
      stated(
        ({ line }) => line,
        () => 0,
      ) ?? answered(asked?.line),
    service:
      stated(
        ({ service }) => service,
        (value) => (/^imessage$/i.test(value) ? 0 : 1),
      ) ?? answered(asked?.service),
    isGroup: stated(({ isGroup }) => isGroup, Number) ?? answered(asked?.isGroup),
    health: latestOf(
      healths.map(({ status, at }) => ({ value: status, at })),
      healthHarm,
    ),
    firstOutboundAt: -(maxOf(sent.map(({ at }) => -at)) ?? 0) || null,
    lastOutboundAt: maxOf(sent.map(({ at }) => at)),
    lastInboundAt: maxOf(heard.map(({ at }) => at)),
    optOutWordAt: maxOf(heard.filter(({ isOptOut }) => isOptOut === true).map(({ at }) => at)),
    optedInAt: maxOf(heard.filter(({ isOptOut }) => isOptOut === false).map(({ at }) => at)),
    leftAt: maxOf(events.flatMap(({ leftAt }) => leftAt ?? [])),
    joinedAt: maxOf(events.flatMap(({ joinedAt }) => joinedAt ?? [])),
  };
}

/** The latest; of several at one instant the most harmful, then the greater by string order. */
export function latestOf<V>(all: readonly Latest<V>[], harm: (value: V) => number): Latest<V> | null {
  const inOrder = [...all].sort(
    (a, b) => a.at - b.at || harm(a.value) - harm(b.value) || (String(a.value) < String(b.value) ? -1 : 1),
  );
  return inOrder.at(-1) ?? null;
}

export function healthHarm(status: string): number {
  const index = HEALTHS.indexOf(status);
  return index < 0 ? HEALTHS.indexOf('UNKNOWN') : index;
}

function isStated<V>(one: { value: V | null; at: number }): one is { value: V; at: number } {
  return one.value !== null;
}

function answered<V>(value: V | null | undefined): Latest<V> | null {
  return value === null || value === undefined ? null : { value, at: 0 };
}

function maxOf(instants: readonly number[]): number | null {
  return instants.length === 0 ? null : Math.max(...instants);
}
