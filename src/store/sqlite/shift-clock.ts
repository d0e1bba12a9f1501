import type { EpochMs } from '../../decide/time.ts';
import { planShift } from '../plan/shift.ts';
import type { AttemptPruning } from './attempt-table.ts';
import type { CatchUpTable } from './catch-up-table.ts';
import type { StoreContext } from './context.ts';
import type { HoldTable, LineTable } from './line-table.ts';
import { catchUpIn, type Meta } from './meta.ts';
import type { RestoreMark } from './restore-mark.ts';
import type { Totals } from './share-totals.ts';
import type { ShiftPass } from './shift-pass.ts';

interface Parts {
  readonly shiftPass: ShiftPass;
  readonly lines: LineTable;
  readonly holds: HoldTable;
  readonly totals: Totals;
  readonly pruning: AttemptPruning;
  readonly restoreMark: RestoreMark;
  readonly meta: Meta;
  readonly catchUp: CatchUpTable;
}

/** @see Store.shiftClock; everything but the chats, in the current transaction */
export function createShiftClock({ policy }: StoreContext, parts: Parts) {
  const { shiftPass, lines, holds, totals, pruning, restoreMark, meta, catchUp } = parts;
  return (byMs: number, now: EpochMs): void => {
    const shift = { byMs, now, windowMs: policy.windowMs };
    shiftPass.begin(shift);
    const rows = {
      holds: holds.all(),
      lines: lines.all(),
      restored: restoreMark.read(),
      lastBackupAt: meta.number('last_backup_at'),
      heartbeatAt: meta.number('heartbeat_at'),
      catchUp: meta.text('catch_up') === null ? null : catchUpIn(meta),
    };
    const shifted = planShift(rows, shift);
    for (const hold of shifted.holds) holds.put(hold);
    for (const line of shifted.lines) lines.update(line.line, line);
    totals.cutTo(now);
    if (byMs > 0) pruning.clockWentForward(byMs, now);
    if (shifted.restored.at !== null) restoreMark.put(shifted.restored);
    meta.set('last_backup_at', shifted.lastBackupAt);
    meta.set('heartbeat_at', shifted.heartbeatAt);
    if (shifted.catchUp !== null) catchUp.restart(shifted.catchUp);
    meta.remove('decided_fingerprint', 'redecide_fingerprint', 'redecide_after_id');
  };
}
