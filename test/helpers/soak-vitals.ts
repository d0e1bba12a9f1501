import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { DATABASE_PATH } from './database.ts';

const EVERY_MS = 250;
const MIB = 1024 * 1024;

/** What a process holds at an instant. */
export interface Vitals {
  /** `performance.now()`. */
  readonly atMs: number;
  readonly rssMiB: number;
  readonly openFiles: number;
  /** Of the database's log. */
  readonly walMiB: number;
}

/** Looks four times a second at what a process holds, until it is gone or told to stop; keeps every look. */
export function watchVitals(pid: number, directory: string): { stop: () => readonly Vitals[] } {
  const seen: Vitals[] = [];
  const timer = setInterval(() => {
    const vitals = readVitals(pid, directory);
    if (vitals === null) clearInterval(timer);
    else seen.push(vitals);
  }, EVERY_MS);
  onTestFinished(() => clearInterval(timer));
  return {
    stop() {
      clearInterval(timer);
      return seen;
    },
  };
}

/** Null: there is no such process any more. */
function readVitals(pid: number, directory: string): Vitals | null {
  try {
    const kib = Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
    if (Number.isNaN(kib)) return null; // a process that has ended and that nobody asked about yet
    return {
      atMs: performance.now(),
      rssMiB: kib / 1024,
      openFiles: readdirSync(`/proc/${pid}/fd`).length,
      walMiB: sizeOf(join(directory, `${DATABASE_PATH}-wal`)) / MIB,
    };
  } catch {
    return null;
  }
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

export function peakOf(seen: readonly Vitals[], field: keyof Vitals): number {
  return seen.reduce((peak, vitals) => Math.max(peak, vitals[field]), 0);
}

/** By how much resident memory grows, MiB an hour: the straight line through all looks. */
export function rssSlope(seen: readonly Vitals[]): number {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const hours = seen.map(({ atMs }) => atMs / 3_600_000);
  const [meanHours, meanMiB] = [mean(hours), mean(seen.map(({ rssMiB }) => rssMiB))];
  let [covariance, variance] = [0, 0];
  for (const [index, { rssMiB }] of seen.entries()) {
    const away = (hours[index] ?? 0) - meanHours;
    covariance += away * (rssMiB - meanMiB);
    variance += away * away;
  }
  return variance === 0 ? 0 : covariance / variance;
}
