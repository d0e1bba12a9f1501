import { setMaxListeners } from 'node:events';
import type { Clock } from '../clock.ts';

/** Lets tests wait for a state of the simulator without sleeping. */
interface Watchers {
  /** Resolves as soon as the condition holds; it is checked now and after every change. */
  when(condition: () => boolean): Promise<void>;
  changed(): void;
}

export function createWatchers(): Watchers {
  let waiting: { readonly condition: () => boolean; readonly resolve: () => void }[] = [];
  return {
    when: (condition) =>
      condition()
        ? Promise.resolve()
        : new Promise((resolve) => {
            waiting.push({ condition, resolve });
          }),
    changed() {
      if (waiting.length === 0) return;
      const ready = waiting.filter(({ condition }) => condition());
      if (ready.length === 0) return;
      waiting = waiting.filter((watcher) => !ready.includes(watcher));
      for (const { resolve } of ready) resolve();
    },
  };
}

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
