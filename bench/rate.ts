/** How fast a process did something, and how much of a core that took: what others do meanwhile shows in one alone. */
export interface Rate {
  readonly perSecond: number;
  /** Microseconds each, user and system. */
  readonly cpuMicros: number;
}

/** Measures this process from now until the function that it returns is told how much was done. */
export function startRate(): (count: number) => Rate {
  const startedAt = performance.now();
  const cpu = process.cpuUsage();
  return (count) => {
    const seconds = (performance.now() - startedAt) / 1000;
    const { user, system } = process.cpuUsage(cpu);
    return { perSecond: count / seconds, cpuMicros: (user + system) / count };
  };
}

export function describeRate({ perSecond, cpuMicros }: Rate): string {
  return `${Math.round(perSecond)}/s (${cpuMicros.toFixed(0)} µs CPU each)`;
}
