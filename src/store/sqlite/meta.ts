import { eq, inArray } from 'drizzle-orm';
import { meta } from '../schema/schema.ts';
import type { StoreContext } from './context.ts';

/** What is kept as a single value. */
export type MetaKey =
  | 'heartbeat_at'
  /** There, if nobody has asked for a catch-up since a backup was restored. */
  | 'restored_unread'
  | 'probed_at'
  | 'last_backup_at'
  | 'restored_at'
  /** The last row of the backup's chats, while later ones may wait for a catch-up. */
  | 'restored_last_row'
  /** The latest heartbeat of the backup: it knows nothing that is younger. */
  | 'restored_backup_at'
  | 'attempts_behind_ms'
  | 'attempts_behind_since'
  | 'delivery_accepted_at'
  | 'deliveries_silent_ms'
  | 'decided_fingerprint'
  | 'redecide_fingerprint'
  | 'redecide_after_id'
  /** A correction of the clock on its way through the chats, and how far it has come; JSON. */
  | 'clock_shift'
  | 'catch_up';

export interface Meta {
  text(key: MetaKey): string | null;
  number(key: MetaKey): number | null;
  put(key: MetaKey, value: string | number): void;
  remove(...keys: MetaKey[]): void;
}

export function createMeta({ orm }: StoreContext): Meta {
  const text = (key: MetaKey) => orm.select().from(meta).where(eq(meta.key, key)).get()?.value ?? null;
  return {
    text,
    number(key) {
      const value = text(key);
      return value === null ? null : Number(value);
    },
    put(key, value) {
      const set = { value: String(value) };
      orm
        .insert(meta)
        .values({ key, ...set })
        .onConflictDoUpdate({ target: meta.key, set })
        .run();
    },
    remove: (...keys) => void orm.delete(meta).where(inArray(meta.key, keys)).run(),
  };
}
