import { describe, expect, it } from 'vitest';
import { circlesOf, importsOf, namesTwice } from '../../house/imports.ts';

const file = (name: string, ...targets: string[]) => ({
  name,
  text: targets.map((target) => `import { x } from '${target}';\n`).join(''),
});

describe('the imports of a file', () => {
  it('are read from every kind of import, relative to the tree', () => {
    const text = [
      "import { a } from './a.ts';",
      "import type { B } from '../b/b.ts';",
      "export {\n  c,\n} from './deep/c.ts';",
      "import 'node:fs';",
      "const d = await import('../d.js');",
    ].join('\n');
    expect(importsOf({ name: 'part/file.ts', text })).toEqual([
      { from: 'part/file.ts', to: 'part/a.ts', isTypeOnly: false },
      { from: 'part/file.ts', to: 'b/b.ts', isTypeOnly: true },
      { from: 'part/file.ts', to: 'part/deep/c.ts', isTypeOnly: false },
      { from: 'part/file.ts', to: 'node:fs', isTypeOnly: false },
      { from: 'part/file.ts', to: 'd.js', isTypeOnly: false },
    ]);
  });
});

describe('circles', () => {
  it('are none where every path ends', () => {
    expect(circlesOf([file('a.ts', './b.ts', './c.ts'), file('b.ts', './c.ts'), file('c.ts')])).toEqual([]);
  });

  it('hold all files from which a path leads there and back, and no others', () => {
    const files = [
      file('in.ts', './a.ts'),
      file('a.ts', './b.ts'),
      file('b.ts', './c.ts', './out.ts'),
      file('c.ts', './a.ts'),
      file('out.ts', 'node:fs'),
      file('x/one.ts', './two.ts'),
      file('x/two.ts', './one.ts'),
    ];
    expect(circlesOf(files)).toEqual([
      ['a.ts', 'b.ts', 'c.ts'],
      ['x/one.ts', 'x/two.ts'],
    ]);
  });

  it('count the imports of types', () => {
    const files = [
      { name: 'a.ts', text: "import type { B } from './b.ts';" },
      { name: 'b.ts', text: "import { a } from './a.ts';" },
    ];
    expect(circlesOf(files)).toEqual([['a.ts', 'b.ts']]);
  });
});

it('names occur twice whatever the folder', () => {
  expect(namesTwice(['a/x.ts', 'b/x.ts', 'b/y.ts'])).toEqual(['x.ts: a/x.ts b/x.ts']);
});
