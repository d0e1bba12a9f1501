/** Something that has to end in time. */
export interface Expiring {
  /** Reading of the monotonic clock at its start. */
  readonly startedMonotonicMs: number;
  expire(): void;
}

/**
 * Ends whatever is still running `deadlineMs` after its start, with one timer for all: a timer per call would cost a
 * tenth of the call. No timer is left when nothing runs.
 */
export function createDeadlines<T extends Expiring>(deadlineMs: number, monotonic: () => number) {
  const running = new Set<T>(); // in order of start, which is the order of expiry
  let isArmed = false;

  function arm(leftMs: number): void {
    isArmed = true;
    AbortSignal.timeout(Math.ceil(leftMs)).addEventListener('abort', sweep, { once: true });
  }

  function sweep(): void {
    isArmed = false;
    for (const item of running) {
      const leftMs = item.startedMonotonicMs + deadlineMs - monotonic();
      if (leftMs > 0) {
        arm(leftMs);
        return;
      }
      running.delete(item);
      item.expire();
    }
  }

  return {
    add(item: T): void {
      running.add(item);
      if (!isArmed) arm(deadlineMs);
    },
    delete(item: T): void {
      running.delete(item);
    },
    running: running as ReadonlySet<T>,
  };
}
