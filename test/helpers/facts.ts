/** What one delivery of a test tells of its chat, in the test's own words. */
export interface Told {
  /** When it happened, epoch ms; no two of a chat alike. */
  readonly at: number;
  readonly outbound?: { readonly line: string; readonly service: string };
  readonly isInbound?: boolean;
  readonly health?: string;
}

/** The facts of a chat as the service shows and stores them. */
export interface Facts {
  readonly line: string | null;
  readonly service: string | null;
  readonly firstOutboundAt: number | null;
  readonly lastOutboundAt: number | null;
  readonly lastInboundAt: number | null;
  readonly health: string | null;
}

/**
 * The facts that follow from some deliveries, whatever their order: by sorting, not by merging one at a time, so that
 * it shares no idea (and no mistake) with the service.
 */
export function foldFacts(told: readonly Told[]): Facts {
  const inOrder = [...told].sort((a, b) => a.at - b.at);
  const outbound = inOrder.filter((one) => one.outbound !== undefined);
  const latest = outbound.at(-1);
  return {
    line: latest?.outbound?.line ?? null,
    service: latest?.outbound?.service ?? null,
    firstOutboundAt: outbound[0]?.at ?? null,
    lastOutboundAt: latest?.at ?? null,
    lastInboundAt: inOrder.findLast(({ isInbound }) => isInbound === true)?.at ?? null,
    health: inOrder.findLast(({ health }) => health !== undefined)?.health ?? null,
  };
}

const NAMES = [
  'line',
  'service',
  'firstOutboundAt',
  'lastOutboundAt',
  'lastInboundAt',
  'health',
] as const satisfies readonly (keyof Facts)[];

export function isSameFacts(a: Facts, b: Facts): boolean {
  return NAMES.every((name) => a[name] === b[name]);
}

/** Every selection of the items, the empty one first. */
export function selectionsOf<T>(items: readonly T[]): T[][] {
  let selections: T[][] = [[]];
  for (const item of items) selections = selections.concat(selections.map((some) => [...some, item]));
  return selections;
}
