import { type EpochMs, MINUTE, SECOND } from '../../decide/time.ts';
import type { DeliveryNews } from '../../store/store.ts';
import type { WebhookCounters } from '../../webhook/report.ts';

/** Space of the file system that holds the database. */
export interface DiskSpace {
  readonly freeBytes: number;
  readonly totalBytes: number;
}

const MIB = 1024 ** 2;
const GIB = 1024 ** 3;

/** Worth a warning: less than 1 GiB is free, or on a disk so small that this says nothing, less than a tenth. */
export function isDiskLow({ freeBytes, totalBytes }: DiskSpace): boolean {
  return freeBytes < Math.min(GIB, totalBytes / 10);
}

/** Not fit for work any more: less than 64 MiB is free, or on a small disk less than a twentieth. */
export function isDiskFull({ freeBytes, totalBytes }: DiskSpace): boolean {
  return freeBytes < Math.min(64 * MIB, totalBytes / 20);
}

/** `812 MiB`, `74 GiB`: exact where little is left. */
export function spaceInWords({ freeBytes }: DiskSpace): string {
  if (freeBytes >= 10 * GIB) return `${Math.floor(freeBytes / GIB)} GiB`;
  return freeBytes < MIB ? 'less than 1 MiB' : `${Math.floor(freeBytes / MIB)} MiB`;
}

/** A line (null: chats whose line nobody told) that nothing closes and whose first chat is due. */
export interface Queue {
  readonly line: string | null;
  readonly headAt: EpochMs;
  /** How many of its chats are due. */
  readonly due: number;
}

/** What was due at `upTo` has to be taken by the deadline. */
interface Mark {
  readonly upTo: EpochMs;
  /** On the clock that never steps. */
  readonly deadline: number;
}

/** Real time beyond what the pace explains. */
const LATE_MS = 10 * MINUTE;
/** The pace keeps a small distance to the rate, and so do we. */
const SLACK = 1.1;

/** `unknown`: what this process found due at its first look may still be taken in time. */
export type OverdueState = 'fine' | 'overdue' | 'unknown';

/**
 * Tells whether chats wait longer than pacing explains: all that is due at one moment must have been taken once
 * the pace's time for so many has passed, and ten minutes. A queue is taken oldest first, so its head tells.
 * Thus a long queue that drains steadily isn't late, however old its chats are, and a single chat that nobody takes is.
 * @param ratePerLine starts a second of domain time; 0: no limit
 * @param toDomain real milliseconds → those of domain time
 */
export function createOverdueWatch(ratePerLine: number, toDomain: (realMs: number) => number) {
  const paceMs = ratePerLine === 0 ? 0 : (SLACK * SECOND) / ratePerLine / toDomain(1);
  let marks = new Map<string | null, Mark>();
  let firstUpTo: EpochMs | null = null;

  /** @param monotonic real time that never steps */
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
 * Measures for how long no delivery has been accepted. Only time during which the service was up counts, since nobody
 * can deliver to one that is down; and it is measured by a clock that never steps.
 * @param before what the process before had measured
 */
export function createSilence(before: DeliveryNews, startedAt: number) {
  let { lastAcceptedAt, silentMs } = before;
  let lookedAt = startedAt;
  /** @param monotonic domain time that never steps */
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
/** So many within the span, each after an authentic delivery, are no accident: something harms some deliveries only. */
const MANY = 10;
/** So many in a row, without an authentic delivery between, are no accident either. */
const IN_A_ROW = 3;

/** `unknown`: this process hasn't seen enough to say so. */
export type SignatureState = 'fine' | 'unknown' | SignatureFailures;

interface SignatureFailures {
  readonly since: EpochMs | null;
  /** Nothing of Linq's was accepted since the start. */
  readonly isAll: boolean;
}

/**
 * Tells whether deliveries fail verification in a way that an operator should know of. As long as nothing of Linq's was
 * accepted, a single signature of another secret is enough: a wrong secret loses every delivery. Junk doesn't get that
 * far, since it has no signature of the right form. Failures in a row end with the next authentic delivery, doctor's
 * among them, however many they were; those that come again and again among authentic ones, when they stay out for
 * 15 minutes.
 */
export function createSignatureWatch(startedAt: number) {
  let samples: readonly Sample[] = [{ at: startedAt, relapses: 0 }];
  /** @param at on the same clock as the start: one that never steps */
  return ({ signatures, ...counters }: WebhookCounters, at: number): SignatureState => {
    const { failedInARow, mismatchedInARow, failingSince, isProven, relapses } = signatures;
    const isAll = counters.accepted + counters.ignored + counters.quarantined === 0;
    if (at - (samples.at(-1)?.at ?? 0) >= SAMPLE_EVERY_MS) samples = [...samples, { at, relapses }];
    // the youngest that is older than the span tells where the span began
    while (samples.length > 1 && (samples[1]?.at ?? at) <= at - SPAN_MS) samples = samples.slice(1);
    const recent = relapses - (samples[0]?.relapses ?? 0);
    const isFailing = failedInARow >= IN_A_ROW || (isAll && mismatchedInARow > 0) || recent >= MANY;
    if (isFailing) return { since: failingSince, isAll };
    return !isProven && at - startedAt < SPAN_MS ? 'unknown' : 'fine';
  };
}

/** `unknown`: the service has only just started, and may make the one that is missing. */
export type BackupState = 'fine' | 'stale' | 'unknown';

/** What a start has to make the backup that became due while the service was down. */
const GRACE_MS = 10 * MINUTE;

/**
 * Tells whether backups are made as often as they should be: none is wanted (`everyMs` 0), or the latest try worked and
 * isn't older than two of them should be.
 * @param startedAt on a clock that never steps
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
