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

/** `812 MiB`. */
export function spaceInWords({ freeBytes }: DiskSpace): string {
  return freeBytes < MIB ? 'less than 1 MiB' : `${Math.floor(freeBytes / MIB)} MiB`;
}
