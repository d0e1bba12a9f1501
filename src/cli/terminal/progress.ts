import type { Clock } from '../../clock.ts';
import { SECOND } from '../../decide/time.ts';
import type { Io } from '../io.ts';

const LOOK_EVERY_MS = SECOND / 4;

/**
 * Waits for work and, on a terminal, tells how far it is once it takes longer than a second.
 * @param look how far it is, in words; null: what is printed is for programs
 */
export async function withProgress<T>(
  { io, clock, look }: { io: Io; clock: Clock; look: (() => string) | null },
  work: Promise<T>,
): Promise<T> {
  const done = new AbortController();
  const telling = io.isTerminal && look !== null ? tell(io, clock, look, done.signal) : null;
  try {
    return await work;
  } finally {
    done.abort();
    await telling;
  }
}

async function tell(io: Io, clock: Clock, look: () => string, done: AbortSignal): Promise<void> {
  const startedAt = clock.monotonic();
  const line = createProgressLine(io);
  while (!done.aborted) {
    await clock.sleepUntil(clock.now() + LOOK_EVERY_MS, LOOK_EVERY_MS, done);
    if (done.aborted || clock.monotonic() - startedAt < SECOND) continue;
    line.tell(look());
  }
  line.clear();
}

const BAR_WIDTH = 24;

/** `[######------------------]`. @param part of the whole that is done, 0 to 1 */
export function progressBar(part: number): string {
  const full = Math.floor(part * BAR_WIDTH);
  return `[${'#'.repeat(full)}${'-'.repeat(BAR_WIDTH - full)}]`;
}

/** A line of a terminal that says how far something is, and gives way to what comes after it. */
export interface ProgressLine {
  tell(text: string): void;
  clear(): void;
}

/** Written over with spaces: no escape codes, so it is fit for every terminal and for NO_COLOR. */
export function createProgressLine({ write, columns }: Pick<Io, 'write' | 'columns'>): ProgressLine {
  let told = 0;
  return {
    tell(text) {
      const line = [...text].slice(0, Math.max(0, columns - 1)); // a full line would go on to the next
      write(`\r${line.join('')}${' '.repeat(Math.max(0, told - line.length))}`);
      told = line.length;
    },
    clear() {
      if (told > 0) write(`\r${' '.repeat(told)}\r`);
      told = 0;
    },
  };
}
