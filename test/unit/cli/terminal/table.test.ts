import { describe, expect, it } from 'vitest';
import { renderFields, renderTable, wrap } from '../../../../src/cli/terminal/table.ts';

const HEADS = ['LINE', 'CARD', 'CHATS'];
const ROWS = [
  ['+1•••••0100', 'active', '2'],
  ['+1•••••0101', 'missing', '12'],
];

describe('renderTable', () => {
  it('aligns the columns where they fit', () => {
    expect(renderTable(HEADS, ROWS, 80)).toBe(
      ['LINE         CARD     CHATS', '+1•••••0100  active   2', '+1•••••0101  missing  12', ''].join('\n'),
    );
  });

  it('fits exactly into its width, and stacks the rows where a column less is left', () => {
    expect(renderTable(HEADS, ROWS, 27)).toContain('LINE         CARD     CHATS');
    expect(renderTable(HEADS, ROWS, 26)).toBe(
      [
        'LINE   +1•••••0100',
        'CARD   active',
        'CHATS  2',
        '',
        'LINE   +1•••••0101',
        'CARD   missing',
        'CHATS  12',
        '',
      ].join('\n'),
    );
  });

  it('never breaks where there is no width', () => {
    expect(renderTable(['A'], [['x'.repeat(500)]], Number.POSITIVE_INFINITY)).toContain('x'.repeat(500));
  });
});

describe('renderFields', () => {
  it('lets a long value go on below itself', () => {
    expect(
      renderFields(
        [
          ['state', 'held for a reason'],
          ['', 'more'],
        ],
        17,
      ),
    ).toBe(['state  held for a', '       reason', '       more', ''].join('\n'));
  });
});

describe('wrap', () => {
  it('breaks between words and keeps a word that is too long whole', () => {
    expect(wrap('a bb ccccccc d', 4)).toBe('a bb\nccccccc\nd');
  });
});
