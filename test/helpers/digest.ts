import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

/** Stands for a file's bytes: vitest takes seconds to compare those of a database, one by one. */
export const digestOf = (path: string): string =>
  createHash('sha256').update(readFileSync(path)).digest('hex');
