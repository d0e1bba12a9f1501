/** Something that can be ended early. */
export interface Endable {
  end(cause: string): void;
}

/**
 * Ends everything in a signal's set as `aborted` when the signal does. As a rule all calls share one signal: it gets
 * one listener in its life, not one per call.
 * @returns the set of a signal that isn't aborted yet; items enter and leave it by themselves
 */
export function createAborts<T extends Endable>(): (signal: AbortSignal) => Set<T> {
  const sets = new WeakMap<AbortSignal, Set<T>>();

  function watch(signal: AbortSignal): Set<T> {
    const items = new Set<T>();
    sets.set(signal, items);
    const endAll = () => {
      for (const item of items) item.end('aborted');
    };
    signal.addEventListener('abort', endAll, { once: true });
    return items;
  }

  return (signal) => sets.get(signal) ?? watch(signal);
}
