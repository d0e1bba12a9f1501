import { expect } from 'vitest';
import type { LogLine } from '../helpers/process.ts';

const LINES_A_SECOND = 10;

/** A second is counted from its first line, so that ten lines at its end and ten of the next may lie close together. */
export function expectSlowLines(lines: readonly LogLine[]): void {
  const times = lines.map(({ time }) => Number(time));
  const spanMs = (times.at(-1) ?? 0) - (times[0] ?? 0);
  expect(lines.length).toBeLessThanOrEqual(LINES_A_SECOND * (Math.floor(spanMs / 1_000) + 2));
}
