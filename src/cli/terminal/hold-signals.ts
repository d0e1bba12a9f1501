const STOPPING: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/**
 * Does work that must not end half-way: whoever wants to stop the process waits until it is done.
 * @param onHeld told once, when somebody does
 */
export async function holdSignals<T>(work: () => Promise<T>, onHeld: () => void): Promise<T> {
  const held: NodeJS.Signals[] = [];
  const hold = (signal: NodeJS.Signals) => {
    if (held.length === 0) onHeld();
    held.push(signal);
  };
  for (const signal of STOPPING) process.on(signal, hold);
  try {
    return await work();
  } finally {
    for (const signal of STOPPING) process.off(signal, hold);
    if (held[0] !== undefined) process.kill(process.pid, held[0]);
  }
}
