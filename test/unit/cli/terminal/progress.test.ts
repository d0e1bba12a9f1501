import { expect, it } from 'vitest';
import { createProgressLine } from '../../../../src/cli/terminal/progress.ts';

function createLine(columns: number) {
  const printed: string[] = [];
  return { printed, line: createProgressLine({ columns, write: (text) => void printed.push(text) }) };
}

it('writes over what it said before, to its end', () => {
  const { printed, line } = createLine(80);
  line.show('a longer text');
  line.show('short');
  line.clear();
  expect(printed).toEqual(['\ra longer text', `\rshort${' '.repeat(8)}`, `\r${' '.repeat(5)}\r`]);
});

it('never fills the terminal’s last column', () => {
  const { printed, line } = createLine(10);
  line.show('0123456789');
  expect(printed).toEqual(['\r012345678']);
});

it('clears nothing where nothing was said', () => {
  const { printed, line } = createLine(80);
  line.clear();
  line.show('x');
  line.clear();
  line.clear();
  expect(printed).toEqual(['\rx', '\r \r']);
});
