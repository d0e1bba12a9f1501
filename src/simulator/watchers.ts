/** Lets tests wait for a state of the simulator without sleeping. */
export interface Watchers {
  /** Resolves as soon as the condition holds; it is looked at now and after every change. */
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
