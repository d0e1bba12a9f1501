import type { StoreContext } from './context.ts';

export interface LineIds {
  /** The row of a line, made if there is none; null for no line. */
  idOf(line: string | null): number | null;
  /** The row of a line that is known, `undefined` otherwise; null for no line. */
  find(line: string | null): number | null | undefined;
  lineOf(id: number | null): string | null;
}

/** Which row of `lines` is which number: there are few lines and many chats, so they are looked up once. */
export function createLineIds({ sql, transactions }: StoreContext): LineIds {
  const ids = new Map<string, number>();
  const names = new Map<number, string>();
  transactions.join({
    forget() {
      ids.clear();
      names.clear();
    },
  });
  const select = sql.prepare<[string], number>('SELECT id FROM lines WHERE line = ?').pluck();
  const selectName = sql.prepare<[number], string>('SELECT line FROM lines WHERE id = ?').pluck();
  const insert = sql.prepare<[string], number>('INSERT INTO lines (line) VALUES (?) RETURNING id').pluck();

  const learn = (line: string, id: number) => {
    ids.set(line, id);
    names.set(id, line);
    return id;
  };
  const find = (line: string | null) => {
    if (line === null) return null;
    const id = ids.get(line) ?? select.get(line);
    return id === undefined ? undefined : learn(line, id);
  };
  return {
    find,
    idOf(line) {
      const id = find(line);
      if (id !== undefined || line === null) return id ?? null;
      return learn(line, Number(insert.get(line)));
    },
    lineOf(id) {
      if (id === null) return null;
      const line = names.get(id) ?? selectName.get(id) ?? null;
      if (line !== null) learn(line, id);
      return line;
    },
  };
}
