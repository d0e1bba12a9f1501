import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/**
 * The built program: what is measured is what `npm start` runs, not sources that a development tool translates on the
 * way. The types come from the sources.
 */
export type Program = typeof import('./parts.ts');

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** The program's entry, for `node`. */
export const MAIN = new URL('../dist/main.js', import.meta.url);

/** Builds the program, and its parts beside it. */
export function buildProgram(): void {
  const stdio = ['ignore', 'ignore', 'inherit'] as const;
  execFileSync(process.execPath, ['esbuild.config.js', 'bench-parts=bench/parts.ts'], {
    cwd: ROOT,
    stdio: [...stdio],
  });
}

export async function loadProgram(): Promise<Program> {
  return await import(new URL('../dist/bench-parts.js', import.meta.url).href);
}
