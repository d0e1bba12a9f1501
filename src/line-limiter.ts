import { SECOND } from './decide/duration.ts';

/** Keeps a flood of bad deliveries or logins from flooding the log. */
export interface LineLimiter {
  /**
   * Null: leave this line out. Else write it, together with the number of lines left out since the last one.
   * @param now milliseconds on a clock that never steps
   */
  admit(now: number): number | null;
}

export function createLineLimiter(linesPerSecond = 10): LineLimiter {
  let secondAt = Number.NEGATIVE_INFINITY;
  let written = 0;
  let leftOut = 0;
  return {
    admit(now) {
      if (now - secondAt >= SECOND) {
        secondAt = now;
        written = 0;
      }
      if (written >= linesPerSecond) {
        leftOut++;
        return null;
      }
      written++;
      const since = leftOut;
      leftOut = 0;
      return since;
    },
  };
}
