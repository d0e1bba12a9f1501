import { eq, inArray } from 'drizzle-orm';
import type { MetaKey } from '../plan/meta.ts';
import { meta as table } from '../schema/schema.ts';
import type { StoreContext } from './context.ts';

export interface Meta {
  text(key: MetaKey): string | null;
  number(key: MetaKey): number | null;
  put(key: MetaKey, value: string | number): void;
  /** Null removes it. */
  set(key: MetaKey, value: string | number | null): void;
  remove(...keys: MetaKey[]): void;
}

export function createMeta({ orm }: StoreContext): Meta {
  const meta: Meta = {
    text: (key) => orm.select().from(table).where(eq(table.key, key)).get()?.value ?? null,
    number(key) {
      const value = meta.text(key);
      return value === null ? null : Number(value);
    },
    put(key, value) {
      const set = { value: String(value) };
      orm
        .insert(table)
        .values({ key, ...set })
        .onConflictDoUpdate({ target: table.key, set })
        .run();
    },
    set(key, value) {
      if (value === null) meta.remove(key);
      else meta.put(key, value);
    },
    remove: (...keys) => void orm.delete(table).where(inArray(table.key, keys)).run(),
  };
  return meta;
}
