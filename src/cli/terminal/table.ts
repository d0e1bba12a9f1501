/** Rows under column headings; if that is too wide, each row as heading-value lines. Ends in a line break. */
export function renderTable(
  heads: readonly string[],
  rows: readonly (readonly string[])[],
  width: number,
): string {
  const widths = heads.map((head, column) =>
    Math.max(lengthOf(head), ...rows.map((row) => lengthOf(row[column] ?? ''))),
  );
  const total = widths.reduce((sum, one) => sum + one + GAP.length, -GAP.length);
  if (total > width) return rows.map((row) => renderFields(pairUp(heads, row), width)).join('\n');
  const line = (cells: readonly string[]) =>
    `${widths.map((one, column) => pad(cells[column] ?? '', one)).join(GAP)}`.trimEnd();
  return [heads, ...rows].map((cells) => `${line(cells)}\n`).join('');
}

/** One line per name and value; long values wrap below themselves. */
export function renderFields(
  fields: readonly (readonly [name: string, value: string])[],
  width: number,
): string {
  const nameWidth = Math.max(...fields.map(([name]) => lengthOf(name)));
  const indent = ' '.repeat(nameWidth + GAP.length);
  return fields
    .map(([name, value]) => `${pad(name, nameWidth)}${GAP}${wrap(value, width - indent.length, indent)}\n`)
    .join('');
}

/** Wraps text at spaces, indenting every line but the first. A word that is too long stays whole. */
export function wrap(text: string, width: number, indent = ''): string {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    const isTooLong = line !== '' && lengthOf(line) + 1 + lengthOf(word) > width;
    if (isTooLong) lines.push(line);
    line = line === '' || isTooLong ? word : `${line} ${word}`;
  }
  return [...lines, line].join(`\n${indent}`);
}

const GAP = '  ';

const lengthOf = (text: string) => [...text].length;
const pad = (text: string, width: number) => text + ' '.repeat(Math.max(0, width - lengthOf(text)));
const pairUp = (heads: readonly string[], row: readonly string[]) =>
  heads.map((head, column) => [head, row[column] ?? ''] as const);
