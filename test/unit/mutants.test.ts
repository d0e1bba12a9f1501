import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { applyEdit } from '../mutants/mutant.ts';
import { MUTANTS } from '../mutants/mutants.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

describe('the mutants', () => {
  it.each(MUTANTS)('find what they break, and a suite to see it: $name', ({ edits, suite }) => {
    for (const edit of edits) {
      const text = readFileSync(join(ROOT, edit.file), 'utf8');
      expect(applyEdit(edit, text)).not.toBe(text);
    }
    expect(existsSync(join(ROOT, suite.file))).toBe(true);
  });

  it('are refused when their text stands there twice, or no more', () => {
    const edit = { file: 'src/a.ts', find: 'x', replace: 'y' };
    expect(applyEdit(edit, 'a x b')).toBe('a y b');
    expect(() => applyEdit(edit, 'x x')).toThrow(/2 times/);
    expect(() => applyEdit(edit, 'a b')).toThrow(/0 times/);
  });
});
