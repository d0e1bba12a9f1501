import type { Io } from '../io.ts';
import { printable, screenOf } from '../terminal/screen.ts';
import { renderTable, wrap } from '../terminal/table.ts';

/** What setting up says as it goes on. */
export interface Talk {
  /** Stands for itself, after an empty line. */
  title(text: string): void;
  /** A step begins. */
  step(number: number, text: string): void;
  done(text: string): void;
  note(text: string): void;
  warn(text: string): void;
  table(heads: readonly string[], rows: readonly (readonly string[])[]): void;
  /** Lines to copy: never wrapped. */
  commands(lines: readonly string[]): void;
}

const STEPS = 5;
const INDENT = '  ';

/** @param isSilent for `--json`: then the whole is told at the end */
export function createTalk(io: Io, isSilent: boolean): Talk {
  const { width, bold, green, yellow } = screenOf(io);
  const write = isSilent ? () => {} : io.write;
  const safe = (text: string) => String(printable(text));
  const tell = (mark: string, text: string) => {
    const indent = INDENT + INDENT;
    write(`${INDENT}${mark} ${wrap(safe(text), width - indent.length, indent)}\n`);
  };
  return {
    title: (text) => write(`\n${wrap(safe(text), width)}\n`),
    step: (number, text) => write(`\n${bold(`${number}/${STEPS} ${text}`)}\n`),
    done: (text) => tell(green('✓'), text),
    note: (text) => write(`${INDENT}${wrap(safe(text), width - INDENT.length, INDENT)}\n`),
    warn: (text) => tell(yellow('!'), text),
    table(heads, rows) {
      const safeRows = rows.map((row) => row.map(safe));
      const text = renderTable(heads, safeRows, width - INDENT.length);
      write(text.replaceAll(/^(?=.)/gm, INDENT));
    },
    commands: (lines) => write(lines.map((line) => `${INDENT}${INDENT}${line}\n`).join('')),
  };
}
