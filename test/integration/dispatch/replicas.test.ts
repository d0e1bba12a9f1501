import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { openSqliteStore } from '../../../src/store/sqlite/sqlite-store.ts';
import type { Store } from '../../../src/store/store.ts';
import type { OpenShared } from '../../helpers/replicas.ts';
import { describeSharedDispatch } from '../../helpers/shared-dispatch.ts';
import { createSharedStore } from '../../helpers/shared-sqlite.ts';

/** A file for each test, opened by the first replica for all of them. */
function openFile(): OpenShared {
  const directory = mkdtempSync(join(tmpdir(), 'contact-card-reactor-replicas-'));
  let file: Store | null = null;
  let shared: Store | null = null;
  onTestFinished(async () => {
    await file?.close();
    rmSync(directory, { recursive: true, force: true });
  });
  return async (policy) => {
    file ??= openSqliteStore({ path: join(directory, 'reactor.db'), policy });
    shared ??= createSharedStore(file);
    return shared;
  };
}

describeSharedDispatch(openFile);
