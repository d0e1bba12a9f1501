import { DAY, type EpochMs, HOUR, MINUTE } from '../../decide/time.ts';
import type { Figures, ShareHistory } from '../store.ts';

/** Attempts that ended, summed over minutes and over hours. */
export interface FigureSpan {
  readonly spanMs: number;
  /** Sums of spans that began this long before the newest are deleted. */
  readonly keptMs: number;
}

/** Two days: a clock that is set back by up to a day still finds the figures of its last 24 h. */
export const MINUTES: FigureSpan = { spanMs: MINUTE, keptMs: 2 * DAY };
/** Three times what is shown: a clock that was weeks ahead has pruned none of that. */
export const HOURS: FigureSpan = { spanMs: HOUR, keptMs: 90 * DAY };

const SHOWN_HOURS = 48;
const SHOWN_DAYS = 30;

/** The first minute of the last 24 h, of which the current minute is the last. */
export function lastDayFrom(now: EpochMs): EpochMs {
  return startOf(now - DAY + MINUTE, MINUTE);
}

/** The first hour that `shareHistory` needs. */
export function historyFrom(now: EpochMs): EpochMs {
  return startOf(now, DAY) - (SHOWN_DAYS - 1) * DAY;
}

/**
 * @param known sums of the hours from `historyFrom` on, in any order; hours without attempts may be missing
 * @see PageStore.shareHistory
 */
export function shareHistory(known: readonly Figures[], now: EpochMs): ShareHistory {
  const last = (count: number, spanMs: number): readonly Figures[] =>
    Array.from({ length: count }, (_, index) => {
      const startAt = startOf(now, spanMs) - (count - 1 - index) * spanMs;
      const within = known.filter(({ startAt: at }) => at >= startAt && at < startAt + spanMs);
      return { startAt, ...sumOf(within) };
    });
  return { hours: last(SHOWN_HOURS, HOUR), days: last(SHOWN_DAYS, DAY) };
}

/** The start of an instant's minute, hour or UTC day. */
const startOf = (at: EpochMs, spanMs: number): EpochMs => Math.floor(at / spanMs) * spanMs;

function sumOf(figures: readonly Figures[]): Omit<Figures, 'startAt'> {
  let [succeeded, failed] = [0, 0];
  for (const each of figures) {
    succeeded += each.succeeded;
    failed += each.failed;
  }
  return { succeeded, failed };
}

/** Attempts in a row are counted up to this many. */
const MAX_TRIES = 200;

/**
 * SQL: which try of its chat an attempt is, since the last share; it reads as many attempts as it counts.
 * @param earlier SQL: true of the chat's earlier attempts
 */
export const triesAfter = (attempts: string, earlier: string) =>
  `(SELECT count(*) FILTER (WHERE shares = 0) + 1 FROM (
    SELECT count(*) FILTER (WHERE outcome IN ('shared', 'dry_run')) OVER (ORDER BY id DESC) AS shares FROM (
      SELECT id, outcome FROM ${attempts} WHERE ${earlier} ORDER BY id DESC LIMIT ${MAX_TRIES - 1}) AS latest) AS counted)`;
