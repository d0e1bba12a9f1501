import { readdirSync, readFileSync } from 'node:fs';

/** Linux reports CPU time in these units, whatever its kernel's own clock is. */
const MICROS_PER_TICK = 10_000;

/** CPU time of a process and all its descendants so far, also of those that ended, in µs. Needs Linux's /proc. */
export function cpuMicrosOf(pid: number): number {
  const processes = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap(statOf);
  const sum = (of: number): number => {
    const own = processes.find((one) => one.pid === of)?.ticks ?? 0;
    const children = processes.filter(({ parent }) => parent === of);
    return children.reduce((total, child) => total + sum(child.pid), own);
  };
  return sum(pid) * MICROS_PER_TICK;
}

interface Stat {
  readonly pid: number;
  readonly parent: number;
  /** User and system, with what children had used that ended. */
  readonly ticks: number;
}

/** Nothing when the process has ended meanwhile. See proc(5): fields are counted after the name, which may hold spaces. */
function statOf(pid: string): readonly Stat[] {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = text
      .slice(text.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number);
    const [user = 0, system = 0, endedUser = 0, endedSystem = 0] = fields.slice(11, 15);
    return [{ pid: Number(pid), parent: fields[1] ?? 0, ticks: user + system + endedUser + endedSystem }];
  } catch {
    return [];
  }
}
