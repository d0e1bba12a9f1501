import { eq, getTableColumns } from 'drizzle-orm';
import type { Line } from '../../decide/holds.ts';
import { lines } from '../schema/schema.ts';
import type { StoreContext } from './context.ts';

export interface LineTable {
  find(line: string): Line | null;
  /** Changes a line, which is made first if there is none. */
  update(line: string, change: Partial<Omit<Line, 'line'>>): void;
  all(): readonly Line[];
}

/** A line that nobody told anything of. */
export function newLine(line: string): Line {
  return {
    line,
    status: null,
    statusAt: null,
    reputation: null,
    reputationAt: null,
    card: 'unknown',
    cardCheckedAt: null,
    clearedAt: null,
  };
}

export function createLineTable({ orm }: StoreContext): LineTable {
  const { id: _id, ...columns } = getTableColumns(lines);
  return {
    find: (line) => orm.select(columns).from(lines).where(eq(lines.line, line)).get() ?? null,
    update(line, change) {
      orm
        .insert(lines)
        .values({ ...change, line })
        .onConflictDoUpdate({ target: lines.line, set: { ...change, line } })
        .run();
    },
    all: () => orm.select(columns).from(lines).orderBy(lines.id).all(),
  };
}
