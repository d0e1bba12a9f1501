import type { Clock } from '../../clock.ts';
import { SECOND } from '../../decide/time.ts';
import type { Io } from '../io.ts';

const LOOK_EVERY_MS = SECOND / 4;

/**
 * Waits for work and, on a terminal, shows its progress once it takes longer than a second.
 * @param look the progress in words; null: the output is for programs
 */
export async function withProgress<T>(
  { io, clock, look }: { io: Io; clock: Clock; look: (() => string) | null },
  work: Promise<T>,
): Promise<T> {
  const done = new AbortController();
  const showing = io.isTerminal && look !== null ? showProgress(io, clock, look, done.signal) : null;
  try {
    return await work;
  } finally {
    done.abort();
    await showing;
  }
}

async function showProgress(io: Io, clock: Clock, look: () => string, done: AbortSignal): Promise<void> {
  const startedAt = clock.monotonic();
  const line = createProgressLine(io);
  while (!done.aborted) {
    await clock.sleepUntil(clock.now() + LOOK_EVERY_MS, LOOK_EVERY_MS, done);
    if (done.aborted || clock.monotonic() - startedAt < SECOND) continue;
    line.show(look());
  }
  line.clear();
}

const BAR_WIDTH = 24;

/** `[######------------------]`. @param part the completed part, 0 to 1 */
export function progressBar(part: number): string {
  const full = Math.floor(part * BAR_WIDTH);
  return `[${'#'.repeat(full)}${'-'.repeat(BAR_WIDTH - full)}]`;
}

/** A progress line on a terminal, cleared before other output. */
export interface ProgressLine {
  show(text: string): void;
  clear(): void;
}

/** Clears with spaces instead of escape codes, so it works on every terminal and with NO_COLOR. */
export function createProgressLine({ write, columns }: Pick<Io, 'write' | 'columns'>): ProgressLine {
  let shownLength = 0;
  return {
    show(text) {
      const line = [...text].slice(0, Math.max(0, columns - 1)); // a full line would wrap
      write(`\r${line.join('')}${' '.repeat(Math.max(0, shownLength - line.length))}`);
      shownLength = line.length;
    },
    clear() {
      if (shownLength > 0) write(`\r${' '.repeat(shownLength)}\r`);
      shownLength = 0;
    },
  };
}
