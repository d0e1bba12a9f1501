import { afterStarts, pace, type Starts } from '../../decide/pacing.ts';
import { type EpochMs, SECOND } from '../../decide/time.ts';
import type { Claim } from '../turn.ts';

/** The right to claim chats of a line, which one replica has at a time. The line keeps the starts by all replicas. */
export interface Gate {
  readonly line: string | null;
  readonly starts: Starts;
}

/** The gates that one turn has asked for. */
export interface Gates {
  /** Those of these lines whose gates it hasn't asked for yet. */
  unasked(lines: readonly (string | null)[]): readonly (string | null)[];
  /** @param opened the gates that were free, out of those asked for */
  learn(asked: readonly (string | null)[], opened: readonly Gate[]): void;
  /** How many more chats of the line may start now, after these claims. */
  left(line: string | null, claims: readonly Pick<Claim, 'chat'>[]): number;
  /** Another replica holds the gate of a line that was asked for. */
  isAnyClosed(): boolean;
  /** The gates as they are after these claims. */
  after(claims: readonly Pick<Claim, 'chat'>[]): readonly Gate[];
}

/** A start dated later than this ahead of now is from a wrong clock. */
const CLOCKS_APART_MS = 5 * SECOND;
/** What decides the pace is never more than this. */
const KEPT = 2_000;
const UNPACED = { available: Number.POSITIVE_INFINITY };
const CLOSED = { available: 0 };

/**
 * @param ratePerLine 0: there is no pace to keep, so that no gate is needed
 */
export function createGates(ratePerLine: number, now: EpochMs): Gates {
  const asked = new Set<string | null>();
  const open = new Map<string | null, { readonly gate: Gate; readonly available: number }>();
  /** A chat whose line is unknown has no pace to keep: its call looks up the line first. */
  const isPaced = (line: string | null) => ratePerLine > 0 && line !== null;

  return {
    unasked: (lines) => (ratePerLine === 0 ? [] : [...new Set(lines)].filter((line) => !asked.has(line))),
    learn(lines, opened) {
      for (const line of lines) asked.add(line);
      for (const gate of opened) {
        const { starts, at } = recent(gate.starts, now);
        const { available } = isPaced(gate.line) ? pace(starts, ratePerLine, at) : UNPACED;
        open.set(gate.line, { gate, available });
      }
    },
    left(line, claims) {
      const { available } = ratePerLine === 0 ? UNPACED : (open.get(line) ?? CLOSED);
      return Math.max(0, available - claims.filter(({ chat }) => chat.line === line).length);
    },
    isAnyClosed: () => [...asked].some((line) => !open.has(line)),
    after: (claims) =>
      [...open.values()].map(({ gate }) => {
        const count = isPaced(gate.line) ? claims.filter(({ chat }) => chat.line === gate.line).length : 0;
        if (count === 0) return gate;
        const { starts, at } = recent(gate.starts, now);
        return { ...gate, starts: afterStarts(starts, count, ratePerLine, at) };
      }),
  };
}

/** The starts of a line after one that an operator asked for, whatever its pace. */
export function afterManualStart(before: Starts, now: EpochMs): Starts {
  const { starts, at } = recent(before, now);
  return [...starts, at];
}

/**
 * The clocks of replicas differ slightly: where another's is ahead, the latest start stands for now, so that no start is
 * dated before another that came first.
 */
function recent(known: Starts, now: EpochMs): { readonly starts: Starts; readonly at: EpochMs } {
  const starts = known.filter((at) => at <= now + CLOCKS_APART_MS).slice(-KEPT);
  return { starts, at: Math.max(now, starts.at(-1) ?? now) };
}
