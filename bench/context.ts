/** What every row gets. */
export interface BenchContext {
  readonly isQuick: boolean;
  /** How often each side is measured; what a row says is the median. */
  readonly rounds: number;
  /** How many chats the large database of the row `chats` has. */
  readonly chats: number;
  /** A directory of this run, removed at its end. */
  readonly workDir: string;
  /** A directory that outlives runs, for what takes long to make. */
  readonly cacheDir: string;
  /** Progress, for a person. */
  readonly say: (line: string) => void;
}

/** Round 0 lets every side get warm and isn't counted. */
export function roundName(round: number, rounds: number): string {
  return round === 0 ? 'warm-up' : `round ${round} of ${rounds}`;
}
