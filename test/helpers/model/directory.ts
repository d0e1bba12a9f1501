import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSqliteStore } from '../../../src/store/sqlite/sqlite-store.ts';
import { policyOf } from '../builders.ts';

export interface ModelDirectory {
  /** A directory with an empty database in it, for half the price of making one; the ones before are removed. */
  fresh(): string;
  remove(): void;
}

/** In memory where there is such a place: here nobody pulls the plug. */
export async function createModelDirectory(): Promise<ModelDirectory> {
  const parent = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();
  const path = mkdtempSync(join(parent, 'contact-card-reactor-model-'));
  const template = join(path, 'template.db');
  await openSqliteStore({ path: template, policy: policyOf() }).close();
  let count = 0;
  const name = (index: number) => join(path, String(index));
  return {
    fresh() {
      rmSync(name(count), { recursive: true, force: true });
      const directory = name(++count);
      mkdirSync(directory);
      copyFileSync(template, join(directory, 'reactor.db'));
      return directory;
    },
    remove: () => rmSync(path, { recursive: true, force: true }),
  };
}
