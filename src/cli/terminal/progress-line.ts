import type { Io } from '../io.ts';

/** A line of a terminal that says how far something is, and gives way to what comes after it. */
export interface ProgressLine {
  tell(text: string): void;
  clear(): void;
}

/** Written over with spaces: no escape codes, so it is fit for every terminal and for NO_COLOR. */
export function createProgressLine({ write, columns }: Pick<Io, 'write' | 'columns'>): ProgressLine {
  let told = 0;
  return {
    tell(text) {
      const line = [...text].slice(0, Math.max(0, columns - 1)); // a full line would go on to the next
      write(`\r${line.join('')}${' '.repeat(Math.max(0, told - line.length))}`);
      told = line.length;
    },
    clear() {
      if (told > 0) write(`\r${' '.repeat(told)}\r`);
      told = 0;
    },
  };
}
