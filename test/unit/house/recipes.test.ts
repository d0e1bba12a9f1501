import { expect, it } from 'vitest';
import { spreadOf } from '../../house/recipes.ts';

it('a thing is in the files that name one of its words in code or text, and not in those that hold a longer word', () => {
  const spreads = spreadOf(
    [
      { name: 'HOLD', words: ['HOLD', 'holdIt'] },
      { name: 'UNKNOWN', words: ['UNKNOWN'] },
    ],
    [
      { name: 'a.ts', text: "const name = 'HOLD';" },
      { name: 'b.ts', text: 'if (policy.holdIt) return;' },
      { name: 'c.ts', text: '// HOLD\n/** holdIt */\nconst holdItAll = 1;' },
      { name: 'd.md', text: '`HOLD` holds it.' },
    ],
  );
  expect(spreads).toEqual([{ name: 'HOLD', files: ['a.ts', 'b.ts', 'd.md'] }]);
});
