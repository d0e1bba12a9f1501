import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, readSync, rmSync, writeSync } from 'node:fs';
import { constants, endianness, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { DATABASE_PATH } from './database.ts';
import type { Settings } from './process.ts';

const SOURCE = fileURLToPath(new URL('shim/disk.c', import.meta.url));

/** As in the shim; the order counts. */
const KINDS = [
  'create',
  'write',
  'truncate',
  'sync',
  'unlink',
  'rename',
  'failedSync',
  'sent',
  'received',
] as const;
export type DiskCallKind = (typeof KINDS)[number];

/** One call of the service that changed or synced a file of its database, or a message that it sent or received. */
export interface DiskCall {
  readonly kind: DiskCallKind;
  /** When it began, by the machine's monotonic clock: `process.hrtime.bigint()` of any process. */
  readonly atNs: bigint;
  /** The file's name in its directory; `.` is the directory itself. */
  readonly name: string;
  /** Of a rename: the new name. */
  readonly to: string;
  /** Of a truncation: the new size. */
  readonly offset: number;
  /** What was written; of a message the first 12 bytes. */
  readonly data: Buffer;
}

export interface DiskFault {
  /** `create`: the syncs of the directory, by which a new name lasts. */
  readonly kinds: readonly ('create' | 'write' | 'truncate' | 'sync')[];
  readonly error: 'EIO' | 'ENOSPC' | 'EROFS';
  /** The n-th call of these kinds from now on fails. */
  readonly at: number;
  /** And so many in all, one after the other. */
  readonly times: number;
}

export interface DiskShim {
  /** Environment variables of one process; its calls go to a log of its own. */
  readonly preload: () => Settings;
  /** The calls of the process that was started last. A kill may have cut the last one off. */
  readonly calls: () => DiskCall[];
  /** Lets calls fail from now on, or none any more; in a process that runs, too. */
  readonly fail: (fault: DiskFault | null) => void;
  /** How many calls failed since. */
  readonly failures: () => number;
}

/**
 * Stands between the service and the disk of its database, by a library that is compiled here and preloaded.
 * @param directory the service's working directory, as the system names it (no link in it)
 */
export function createDiskShim(directory: string): DiskShim {
  const home = mkdtempSync(join(tmpdir(), 'contact-card-reactor-shim-'));
  onTestFinished(() => rmSync(home, { recursive: true, force: true }));
  const library = join(home, 'disk.so');
  execFileSync('cc', ['-O2', '-shared', '-fPIC', '-o', library, SOURCE, '-ldl'], { stdio: 'inherit' });
  const control = openSync(join(home, 'fault'), 'w+');
  onTestFinished(() => closeSync(control));
  const writeFault = (...fields: readonly number[]) => {
    writeSync(control, Int32Array.from(fields), 0, 20, 0);
  };
  writeFault(0, 0, 0, 0, 0);
  let starts = 0;
  const log = () => join(home, `calls-${starts}`);
  return {
    preload() {
      rmSync(log(), { force: true });
      starts++;
      return {
        LD_PRELOAD: library,
        DISK_FILES: join(directory, DATABASE_PATH),
        DISK_LOG: log(),
        DISK_FAULT: join(home, 'fault'),
      };
    },
    calls: () => parseCalls(readFileSync(log())),
    fail(fault) {
      if (fault === null) return writeFault(0, 0, 0, 0, 0);
      const { kinds, error, at, times } = fault;
      const bits = kinds.reduce((sum, kind) => sum + 2 ** (KINDS.indexOf(kind) + 1), 0);
      writeFault(bits, constants.errno[error] ?? 0, at - 1, times, 0);
    },
    failures() {
      const fields = new Int32Array(5);
      readSync(control, fields, 0, 20, 0);
      return fields[4] ?? 0;
    },
  };
}

const RECORD_BYTES = 32;

function parseCalls(log: Buffer): DiskCall[] {
  const calls: DiskCall[] = [];
  let at = 0;
  while (at + RECORD_BYTES <= log.length) {
    const nameSize = readUint32(log, at + 20);
    const end = at + RECORD_BYTES + nameSize + readUint32(log, at + 24);
    if (end > log.length) break; // cut off by a kill
    const names = log.toString('utf8', at + RECORD_BYTES, at + RECORD_BYTES + nameSize).split('\0');
    const kind = KINDS[readUint32(log, at + 16) - 1];
    if (kind === undefined) throw new Error('the log of the disk is no such log');
    calls.push({
      kind,
      atNs: IS_LITTLE ? log.readBigInt64LE(at) : log.readBigInt64BE(at),
      name: names[0] ?? '',
      to: names[1] ?? '',
      offset: Number(IS_LITTLE ? log.readBigInt64LE(at + 8) : log.readBigInt64BE(at + 8)),
      data: log.subarray(at + RECORD_BYTES + nameSize, end),
    });
    at = end;
  }
  return calls;
}

const IS_LITTLE = endianness() === 'LE';
const readUint32 = (from: Buffer, at: number) => (IS_LITTLE ? from.readUInt32LE(at) : from.readUInt32BE(at));
