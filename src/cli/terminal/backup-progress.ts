import type { Clock } from '../../clock.ts';
import { SECOND } from '../../decide/time.ts';
import type { Io } from '../io.ts';
import { createProgressLine } from './progress-line.ts';

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
