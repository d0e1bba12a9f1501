import { type CatchUpState, NO_CATCH_UP } from '../../decide/catch-up.ts';
import type { DeliveryNews } from '../store.ts';
import type { PendingShift, Redeciding, Restored } from './housekeeping.ts';

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
  /** Present while `restore --mark` hasn't reached all chats: how far it has come; JSON. */
  | 'restore_marking'
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

/** Of these `redecidingIn` is made. */
export const DECIDED_KEYS = ['decided_fingerprint', 'redecide_fingerprint', 'redecide_after_id'] as const;

/** What is stored under these keys. */
export interface MetaValues {
  text(key: MetaKey): string | null;
  number(key: MetaKey): number | null;
}

/** How far we have caught up. */
export function catchUpIn(meta: Pick<MetaValues, 'text'>): CatchUpState {
  const text = meta.text('catch_up');
  return text === null ? NO_CATCH_UP : { ...NO_CATCH_UP, ...(JSON.parse(text) as CatchUpState) };
}

/** How far re-evaluating the chats has come. */
export function redecidingIn(meta: MetaValues): Redeciding {
  const fingerprint = meta.text('redecide_fingerprint');
  const afterId = meta.number('redecide_after_id') ?? 0;
  return {
    done: meta.text('decided_fingerprint'),
    underWay: fingerprint === null ? null : { fingerprint, afterId },
  };
}

export function restoredIn(meta: Pick<MetaValues, 'number'>): Restored {
  return { at: meta.number('restored_at'), lastRow: meta.number('restored_last_row') };
}

export function deliveryNewsIn({ number }: Pick<MetaValues, 'number'>): DeliveryNews {
  return { lastAcceptedAt: number('delivery_accepted_at'), silentMs: number('deliveries_silent_ms') ?? 0 };
}

/** The clock correction in progress. @param text the value of `clock_shift` */
export function pendingShiftOf(text: string | null): PendingShift | null {
  return text === null ? null : (JSON.parse(text) as PendingShift);
}
