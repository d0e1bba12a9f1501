import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import type { StoreFault } from '../../../src/errors.ts';
import { toStoreError } from '../../../src/store/sqlite/faults.ts';
import { openSqlite } from '../../../src/store/sqlite/native.js';
import { createWorkDir } from '../../helpers/process.ts';

/** SQLite can't open it, whoever asks; root could open a file without rights. */
const missing = () => join(createWorkDir(), 'missing.db');

function faultOf(path: string): readonly [fault: StoreFault, message: string] {
  try {
    openSqlite(path, { readonly: true, fileMustExist: true });
  } catch (error) {
    const { fault, message } = toStoreError(error);
    return [fault, message];
  }
  throw new Error('it was opened');
}

/** Until the test has finished; other files of this worker use the same module of Node.js. */
function forbidAccess(): void {
  const { accessSync } = fs;
  const replaceBy = (access: typeof accessSync) => {
    fs.accessSync = access;
    syncBuiltinESMExports();
  };
  onTestFinished(() => replaceBy(accessSync));
  replaceBy(() => {
    throw Object.assign(new Error('EACCES: permission denied'), { code: 'EACCES' });
  });
}

it('a file that our user may not read is called that, and not a failing disk', () => {
  forbidAccess();
  const words = /may not be read or written; check owner, mode and mount \(EACCES: permission denied\)$/;
  expect(faultOf(missing())).toEqual(['readonly', expect.stringMatching(words)]);
});

it('what else keeps SQLite from opening a file is left to SQLite’s words', () => {
  expect(faultOf(missing())).toEqual(['io', expect.stringContaining('SQLITE_CANTOPEN')]);
});
