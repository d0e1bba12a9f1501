import { setMaxListeners } from 'node:events';
import type { Clock } from '../clock.ts';

/** Waits `realMs` of real time, however fast domain time runs; ends early when the signal aborts. Never rejects. */
export async function pause(clock: Clock, realMs: number, signal: AbortSignal): Promise<void> {
  const until = clock.monotonic() + realMs;
  for (let left = realMs; left > 0 && !signal.aborted; left = until - clock.monotonic()) {
    await clock.sleepUntil(clock.now() + clock.toDomain(left), Math.ceil(left), signal);
  }
}

/** Ends any number of pauses and requests at once: Node would warn of a leak at the eleventh. */
export function createStop(): AbortController {
  const stop = new AbortController();
  setMaxListeners(0, stop.signal);
  return stop;
}
