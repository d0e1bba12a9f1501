import type { MetaKey, MetaValues } from '../plan/meta.ts';
import type { StoreContext } from './context.ts';
import { outdatedError, type Session } from './database.ts';

/** The single values as read, and what a transaction changes of them. */
export interface Meta extends MetaValues {
  /** Null removes it. */
  set(key: MetaKey, value: string | number | null): void;
}

/** Where nobody asks whether the tables are newer than the program, they aren't. */
type MetaContext = Pick<StoreContext, 'schema'> & Partial<Pick<StoreContext, 'outdated'>>;

export interface MetaTable {
  read(session: Session): Promise<MetaValues>;
  /** SQL: all of them as JSON, for `metaIn`. */
  readonly asJson: string;
  /**
   * Reads them, calls the body, and writes what it changed; all in the current transaction. Nobody else does so at the same
   * time: two that each read, decided and wrote could undo each other's work.
   */
  change<T>(session: Session, body: (meta: Meta) => Promise<T>): Promise<T>;
  /** Writes one in a statement that commits alone: for a value by which nobody decides. @throws {StoreError} `newer` */
  note(session: Session, key: MetaKey, value: number): Promise<void>;
}

export function createMetaTable({ schema, outdated = 'false' }: MetaContext): MetaTable {
  async function values(session: Session): Promise<Map<MetaKey, string>> {
    return new Map(await session.arrays<[MetaKey, string]>(`SELECT key, value FROM ${schema}.meta`));
  }

  async function write(session: Session, changed: ReadonlyMap<MetaKey, string | null>): Promise<void> {
    const removed = [...changed].filter(([, value]) => value === null).map(([key]) => key);
    const put = [...changed].filter(([, value]) => value !== null);
    if (removed.length > 0) await session.run(`DELETE FROM ${schema}.meta WHERE key = ANY($1)`, [removed]);
    if (put.length > 0) {
      await session.run(
        `INSERT INTO ${schema}.meta (key, value) SELECT * FROM unnest($1::text[], $2::text[])
          ON CONFLICT (key) DO UPDATE SET value = excluded.value`,
        [put.map(([key]) => key), put.map(([, value]) => value)],
      );
    }
  }

  return {
    asJson: `(SELECT coalesce(json_object_agg(key, value), '{}') FROM ${schema}.meta)`,
    read: async (session) => valuesOf(await values(session)),
    async change(session, body) {
      await session.run('SELECT pg_advisory_xact_lock(hashtext($1), 1)', [`${schema}.meta`]);
      const known = await values(session);
      const changed = new Map<MetaKey, string | null>();
      const set = (key: MetaKey, value: string | number | null) => {
        const text = value === null ? null : String(value);
        if ((known.get(key) ?? null) === text) return;
        changed.set(key, text);
        if (text === null) known.delete(key);
        else known.set(key, text);
      };
      const result = await body({ ...valuesOf(known), set });
      await write(session, changed);
      return result;
    },
    async note(session, key, value) {
      const written = await session.run(
        `INSERT INTO ${schema}.meta (key, value) SELECT $1::text, $2::text WHERE NOT ${outdated}
          ON CONFLICT (key) DO UPDATE SET value = excluded.value`,
        [key, String(value)],
      );
      if (written === 0) throw outdatedError();
    },
  };
}

/** What `MetaTable.asJson` yielded. */
export const metaIn = (stored: Partial<Record<MetaKey, string>>): MetaValues =>
  valuesOf(new Map(Object.entries(stored) as [MetaKey, string][]));

function valuesOf(known: ReadonlyMap<MetaKey, string>): MetaValues {
  const text = (key: MetaKey) => known.get(key) ?? null;
  return {
    text,
    number(key) {
      const value = text(key);
      return value === null ? null : Number(value);
    },
  };
}
