/** One row of the table: a ratio or a figure, and what it has to reach. */
export interface Result {
  readonly row: string;
  readonly what: string;
  readonly target: { readonly atLeast: number } | { readonly atMost: number };
  readonly unit: 'ratio' | 'ms' | 'MiB' | 'deliveries';
  readonly measured: number;
  readonly isMet: boolean;
  /** Everything that the figure was made of. */
  readonly details: object;
  /** A table of figures without targets, its head first, that people read below the other one. */
  readonly table?: readonly (readonly string[])[];
}

export function resultOf(result: Omit<Result, 'isMet'>): Result {
  const { target, measured } = result;
  return { ...result, isMet: 'atLeast' in target ? measured >= target.atLeast : measured <= target.atMost };
}

/** The table that people read. */
export function formatTable(results: readonly Result[]): string {
  const rows = results.map(({ row, what, target, unit, measured, isMet }) => [
    row,
    what,
    'atLeast' in target ? `>= ${show(target.atLeast, unit)}` : `<= ${show(target.atMost, unit)}`,
    show(measured, unit, 'atMost' in target),
    isMet ? 'met' : 'NOT MET',
  ]);
  const tables = results.flatMap(({ table }) => (table === undefined ? [] : [table]));
  return [[['row', 'what', 'target', 'measured', ''], ...rows], ...tables].map(alignColumns).join('\n\n');
}

function alignColumns(all: readonly (readonly string[])[]): string {
  const widths = (all[0] ?? []).map((_, column) =>
    Math.max(...all.map((cells) => cells[column]?.length ?? 0)),
  );
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd();
  return all.map(line).join('\n');
}

/** Rounded towards the worse, so that a missed target never looks met. */
function show(value: number, unit: Result['unit'], isLessBetter = false): string {
  if (unit === 'ratio') {
    const hundredths = isLessBetter
      ? Math.ceil(value * 100 - ROUNDING_ERROR)
      : Math.floor(value * 100 + ROUNDING_ERROR);
    return (hundredths / 100).toFixed(2);
  }
  return `${Math.ceil(value - ROUNDING_ERROR)} ${unit}`;
}

const ROUNDING_ERROR = 1e-9;
