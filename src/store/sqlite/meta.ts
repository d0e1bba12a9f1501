import { eq, inArray } from 'drizzle-orm';
import { type CatchUpState, NO_CATCH_UP } from '../../decide/catch-up.ts';
import { meta as table } from '../schema/schema.ts';
import type { StoreContext } from './context.ts';

/** The values stored singly. */
export type MetaKey =
  | 'heartbeat_at'
  /** Present until a catch-up is requested after a restore. */
  | 'restored_unread'
  | 'probed_at'
  | 'last_backup_at'
  | 'restored_at'
  /** The last row of the backup's chats, while later ones may wait for a catch-up. */
  | 'restored_last_row'
  /** The latest heartbeat of the backup: it contains nothing more recent. */
  | 'restored_backup_at'
  | 'attempts_behind_ms'
  | 'attempts_behind_since'
  | 'delivery_accepted_at'
  | 'deliveries_silent_ms'
  | 'decided_fingerprint'
  | 'redecide_fingerprint'
  | 'redecide_after_id'
  /** A clock correction that is being applied to the chats, and its progress; JSON. */
  | 'clock_shift'
  | 'catch_up';

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

/** How far we have caught up. */
export function catchUpIn(meta: Meta): CatchUpState {
  const text = meta.text('catch_up');
  return text === null ? NO_CATCH_UP : { ...NO_CATCH_UP, ...(JSON.parse(text) as CatchUpState) };
}
