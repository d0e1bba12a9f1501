import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { applyEdit, type Edit } from './mutant.ts';

export interface PrivateCopy {
  readonly directory: string;
  /** Breaks files of the copy; @returns what mends them */
  readonly edit: (edits: readonly Edit[]) => () => void;
  readonly remove: () => void;
}

const LEFT_OUT = new Set(['node_modules', 'dist', 'data', 'results', 'coverage']);

/** Copies the tree, so that nothing is ever broken in place; the installed packages are shared. */
export function createPrivateCopy(root: string): PrivateCopy {
  const directory = mkdtempSync(join(tmpdir(), 'contact-card-reactor-mutants-'));
  const isWanted = (path: string) =>
    path === root || !(LEFT_OUT.has(basename(path)) || isHiddenDirectory(basename(path)));
  cpSync(root, directory, { recursive: true, filter: isWanted });
  symlinkSync(join(root, 'node_modules'), join(directory, 'node_modules'));

  const edit: PrivateCopy['edit'] = (edits) => {
    const before = new Map<string, string>();
    const mend = () => {
      for (const [path, text] of before) writeFileSync(path, text);
    };
    try {
      for (const change of edits) {
        const path = join(directory, change.file);
        const text = readFileSync(path, 'utf8');
        if (!before.has(path)) before.set(path, text);
        writeFileSync(path, applyEdit(change, text));
      }
    } catch (error) {
      mend();
      throw error;
    }
    return mend;
  };
  return { directory, edit, remove: () => rmSync(directory, { recursive: true, force: true }) };
}

const isHiddenDirectory = (name: string) => name.startsWith('.') && !name.startsWith('.env');
