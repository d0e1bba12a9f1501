import { progressOf, type Slice } from './state.ts';
import type { ReleaseSuite } from './suites.ts';

/** How far a suite is to go. */
export type GoalOf = (suite: ReleaseSuite) => number;

/** The suite that is furthest from its goal and isn't running; null: there is nothing left to begin. */
export function nextSuite(
  suites: readonly ReleaseSuite[],
  slices: readonly Slice[],
  running: ReadonlySet<string>,
  goalOf: GoalOf,
): ReleaseSuite | null {
  const shares = suites
    .map((suite) => ({ suite, share: progressOf(slices, suite.name).done / goalOf(suite) }))
    .filter(({ suite, share }) => share < 1 && !running.has(suite.name))
    .sort((a, b) => a.share - b.share);
  return shares[0]?.suite ?? null;
}

/** Seconds that a suite still takes, by what it took so far; null: nothing is known yet. */
export function secondsLeft(suite: ReleaseSuite, slices: readonly Slice[], goalOf: GoalOf): number | null {
  const { done, seconds } = progressOf(slices, suite.name);
  return done === 0 ? null : (Math.max(0, goalOf(suite) - done) * seconds) / done;
}

/** `2 h 05 min`, `3 min`, `40 s` */
export function inWords(seconds: number): string {
  if (seconds < 90) return `${Math.round(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  const rest = minutes % 60;
  return minutes < 60
    ? `${minutes} min`
    : `${Math.floor(minutes / 60)} h ${String(rest).padStart(2, '0')} min`;
}
