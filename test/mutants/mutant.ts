/** Tests that stand for a rule: a file of one of the layers, as far as the name goes. */
export interface Suite {
  readonly file: string;
  /** The start of the full names of its tests that count; default: all. */
  readonly test?: string;
}

/** A text that stands exactly once in a file, and what breaks the program in its place. */
export interface Edit {
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

/** One protective line, broken. */
export interface Mutant {
  /** What the broken program does. */
  readonly name: string;
  readonly edits: readonly Edit[];
  readonly suite: Suite;
}

/** The vitest project that a test file belongs to. */
export function projectOf({ file }: Suite): string {
  return file.split('/')[1] ?? '';
}

/** @throws unless the text to be replaced stands there exactly once: else the mutant has rotted */
export function applyEdit({ file, find, replace }: Edit, text: string): string {
  const parts = text.split(find);
  if (parts.length !== 2) {
    throw new Error(`${file} holds ${parts.length - 1} times, in place of once: ${find}`);
  }
  return parts.join(replace);
}
