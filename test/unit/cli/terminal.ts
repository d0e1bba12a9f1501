import type { ExitCode, Io } from '../../../src/cli/io.ts';
import { runCommandLine } from '../../../src/cli/program.ts';
import type { Variables } from '../../../src/config/sources.ts';

export interface Surroundings {
  readonly env?: Variables;
  /** Contents by path, or the system's error code. */
  readonly files?: Readonly<Record<string, string | { readonly errno: string }>>;
  readonly isTerminal?: boolean;
}

export interface Printed {
  readonly out: string;
  readonly err: string;
}

/** An `Io` on which nothing is real; `printed()` is what came out so far. */
export function createFakeIo({ env = {}, files = {}, isTerminal = false }: Surroundings = {}): Io & {
  readonly printed: () => Printed;
} {
  const out: string[] = [];
  const err: string[] = [];
  return {
    env,
    isTerminal,
    columns: 80,
    write: (text) => void out.push(text),
    writeError: (text) => void err.push(text),
    readFile(path) {
      const file = files[path] ?? { errno: 'ENOENT' };
      if (typeof file === 'string') return file;
      throw Object.assign(new Error(`${file.errno}: can't open '${path}'`), { code: file.errno });
    },
    printed: () => ({ out: out.join(''), err: err.join('') }),
  };
}

/** Runs a command line as it would be typed. */
export async function run(
  commandLine: string,
  surroundings: Surroundings = {},
): Promise<Printed & { readonly code: ExitCode }> {
  const io = createFakeIo(surroundings);
  const args = commandLine.split(' ').filter((word) => word !== '');
  return { code: await runCommandLine(args, io), ...io.printed() };
}
