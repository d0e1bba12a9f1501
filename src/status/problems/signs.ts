import { type EpochMs, MINUTE, SECOND } from '../../decide/time.ts';
import type { DeliveryNews } from '../../store/store.ts';
import type { WebhookCounters } from '../../webhook/report.ts';

/** Space on the file system that holds the database. */
export interface DiskSpace {
  readonly freeBytes: number;
  readonly totalBytes: number;
}

const MIB = 1024 ** 2;
const GIB = 1024 ** 3;

/** Worth a warning: less than 1 GiB free or, on a disk too small for that limit, less than a tenth. */
export function isDiskLow({ freeBytes, totalBytes }: DiskSpace): boolean {
  return freeBytes < Math.min(GIB, totalBytes / 10);
}

/** Unfit for work: less than 64 MiB free or, on a small disk, less than a twentieth. */
export function isDiskFull({ freeBytes, totalBytes }: DiskSpace): boolean {
  return freeBytes < Math.min(64 * MIB, totalBytes / 20);
}

/** An open line (null: chats whose line is unknown) whose first chat is due. */
export interface Queue {
  readonly line: string | null;
  readonly headAt: EpochMs;
  /** How many of its chats are due. */
  readonly due: number;
}

/** Everything due at `upTo` must be processed by the deadline. */
interface Mark {
  readonly upTo: EpochMs;
  /** On the monotonic clock. */
  readonly deadline: number;
}

/** Real time allowed beyond what the pace explains. */
const LATE_MS = 10 * MINUTE;
/** Pacing stays slightly below the rate, and so do we. */
const SLACK = 1.1;

/** `unknown`: what this process found due at its first check may still be processed in time. */
export type OverdueState = 'fine' | 'overdue' | 'unknown';

/**
 * Detects chats that wait longer than pacing explains: all that is due at one moment must be processed within
 * the pace's time for that many, plus ten minutes. A queue is processed oldest first, so checking its head is
 * enough. A long queue that drains steadily isn't late, however old its chats are; a single chat that is
 * never processed is.
 * @param ratePerLine starts per second of domain time; 0: no limit
 * @param toDomain real milliseconds → milliseconds of domain time
 */
export function createOverdueWatch(ratePerLine: number, toDomain: (realMs: number) => number) {
  const paceMs = ratePerLine === 0 ? 0 : (SLACK * SECOND) / ratePerLine / toDomain(1);
  let marks = new Map<string | null, Mark>();
  let firstUpTo: EpochMs | null = null;

  /** @param monotonic monotonic real time */
  return (queues: readonly Queue[], now: EpochMs, monotonic: number): OverdueState => {
    firstUpTo ??= now;
    marks = new Map(
      queues.map(({ line, headAt, due }) => {
        const mark = marks.get(line);
        const isStanding = mark !== undefined && headAt <= mark.upTo && mark.upTo <= now;
        const fresh = { upTo: now, deadline: monotonic + due * paceMs + LATE_MS };
        return [line, isStanding ? mark : fresh];
      }),
    );
    const all = [...marks.values()];
    if (all.some(({ deadline }) => monotonic >= deadline)) return 'overdue';
    return all.some(({ upTo }) => upTo === firstUpTo) ? 'unknown' : 'fine';
  };
}

/**
 * Measures how long no delivery has been accepted. Only uptime counts, since nothing can be delivered while
 * the service is down. Uses a monotonic clock.
 * @param before what the previous process had measured
 */
export function createSilence(before: DeliveryNews, startedAt: number) {
  let { lastAcceptedAt, silentMs } = before;
  let lookedAt = startedAt;
  /** @param monotonic monotonic domain time */
  return (acceptedAt: EpochMs | null, now: EpochMs, monotonic: number): DeliveryNews => {
    const passedMs = monotonic - lookedAt;
    const isNew = acceptedAt !== null && acceptedAt !== lastAcceptedAt;
    silentMs = isNew ? Math.min(Math.max(0, now - acceptedAt), passedMs) : silentMs + passedMs;
    lastAcceptedAt = acceptedAt ?? lastAcceptedAt;
    lookedAt = monotonic;
    return { lastAcceptedAt, silentMs: Math.round(silentMs) };
  };
}

interface Sample {
  readonly at: number;
  readonly relapses: number;
}

const SPAN_MS = 15 * MINUTE;
const SAMPLE_EVERY_MS = 15 * SECOND;
/**
 * This many within the span, each after an authentic delivery, are no accident: something damages only some
 * deliveries.
 */
const MANY = 10;
/** Nor are this many in a row, without an authentic delivery in between. */
const IN_A_ROW = 3;

/** `unknown`: this process hasn't seen enough to decide. */
export type SignatureState = 'fine' | 'unknown' | SignatureFailures;

interface SignatureFailures {
  readonly since: EpochMs | null;
  /** No delivery from Linq was accepted since the start. */
  readonly isAll: boolean;
}

/**
 * Decides whether deliveries fail verification in a way that an operator should know about. Until the first
 * delivery from Linq is accepted, a single signature by another secret is enough: a wrong secret loses every
 * delivery. Junk doesn't count, since it has no well-formed signature. A run of failures ends with the next
 * authentic delivery, including the doctor's, however long it was. Failures that recur among authentic
 * deliveries end after 15 minutes without one.
 */
export function createSignatureWatch(startedAt: number) {
  let samples: readonly Sample[] = [{ at: startedAt, relapses: 0 }];
  /** @param at on the same monotonic clock as the start */
  return ({ signatures, ...counters }: WebhookCounters, at: number): SignatureState => {
    const { failedInARow, mismatchedInARow, failingSince, isProven, relapses } = signatures;
    const isAll = counters.accepted + counters.ignored + counters.quarantined === 0;
    if (at - (samples.at(-1)?.at ?? 0) >= SAMPLE_EVERY_MS) samples = [...samples, { at, relapses }];
    // the youngest sample older than the span marks where the span began
    while (samples.length > 1 && (samples[1]?.at ?? at) <= at - SPAN_MS) samples = samples.slice(1);
    const recent = relapses - (samples[0]?.relapses ?? 0);
    const isFailing = failedInARow >= IN_A_ROW || (isAll && mismatchedInARow > 0) || recent >= MANY;
    if (isFailing) return { since: failingSince, isAll };
    return !isProven && at - startedAt < SPAN_MS ? 'unknown' : 'fine';
  };
}

/** `unknown`: the service has just started and may still make the missing backup. */
export type BackupState = 'fine' | 'stale' | 'unknown';

/** Time for a start to make the backup that became due while the service was down. */
const GRACE_MS = 10 * MINUTE;

/**
 * Checks whether backups are made on schedule: none is wanted (`everyMs` 0), or the latest attempt worked and
 * is at most two intervals old.
 * @param startedAt on a monotonic clock
 */
export function createBackupWatch(everyMs: number, startedAt: number) {
  return (lastBackupAt: EpochMs | null, isFailing: boolean, now: EpochMs, elapsedAt: number): BackupState => {
    if (everyMs === 0) return 'fine';
    if (isFailing) return 'stale';
    const upMs = elapsedAt - startedAt;
    const ageMs = lastBackupAt === null ? upMs : now - lastBackupAt;
    if (ageMs > 2 * everyMs) return upMs > Math.min(GRACE_MS, everyMs) ? 'stale' : 'unknown';
    return lastBackupAt === null ? 'unknown' : 'fine';
  };
}
