import { type EpochMs, SECOND } from '../../decide/time.ts';
import { durationInWords } from '../../status/view/wording.ts';
import { type Finding, fine, found } from '../finding.ts';

/** The `Date` header of an answer of Linq, and our wall clock around the call. */
export interface DateReading {
  readonly serverAt: EpochMs;
  readonly requestedAt: EpochMs;
  readonly receivedAt: EpochMs;
}

/** More than this is a wrong clock, not delay or rounding; the service waits with sharing from there on. */
const MAX_OFF_MS = 30 * SECOND;

/** Linq's clock minus ours, as far as that is sure: the header has whole seconds and was written during the call. */
export function offBy({ serverAt, requestedAt, receivedAt }: DateReading): number {
  if (serverAt + SECOND < requestedAt) return serverAt + SECOND - requestedAt;
  return Math.max(0, serverAt - receivedAt);
}

/** @param toleranceMs WEBHOOK_TOLERANCE */
export function judgeClock(reading: DateReading, toleranceMs: number): Finding {
  const off = offBy(reading);
  const details = { offSeconds: Math.round(off / SECOND) };
  if (Math.abs(off) <= MAX_OFF_MS) {
    return fine(
      'clock',
      `It agrees with Linq's within ${Math.ceil(Math.abs(off) / SECOND) || 1} s.`,
      details,
    );
  }
  const side = off > 0 ? 'behind' : 'ahead of';
  const refused =
    Math.abs(off) > toleranceMs ? " Linq's deliveries look stale and are refused, and" : ' Therefore';
  return found(
    'clock_wrong',
    `This machine's clock is ${durationInWords(Math.abs(off))} ${side} Linq's.${refused} sharing waits.`,
    'Synchronise it: `timedatectl set-ntp true`; after a minute `timedatectl` must say "System clock synchronized: yes" (NTP needs UDP port 123 outwards). In a container or virtual machine correct the host\'s clock.',
    details,
  );
}
