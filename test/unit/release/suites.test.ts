import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { projectOf, SUITES } from '../../release/suites.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

describe('the suites of a release run', () => {
  it.each(SUITES)('$name is there, in a project, and tells what it reached', (suite) => {
    expect(['unit', 'faults', 'security', 'postgres', 'faults-postgres']).toContain(projectOf(suite));
    const path = join(ROOT, suite.file);
    const files = suite.file.endsWith('.ts') ? [path] : readdirSync(path).map((name) => join(path, name));
    const text = files.map((file) => readFileSync(file, 'utf8')).join();
    expect(text).toContain(`reportReached('${suite.name}'`);
    expect(text).toMatch(/suiteCount\(/);
  });

  it('have goals that are made of slices, and more in them than on every change', () => {
    expect(new Set(SUITES.map(({ name }) => name)).size).toBe(SUITES.length);
    for (const { slice, usual, target, stretch = target } of SUITES) {
      expect(slice).toBeGreaterThan(0);
      expect(target).toBeGreaterThan(usual);
      expect(stretch).toBeGreaterThanOrEqual(target);
    }
  });
});
