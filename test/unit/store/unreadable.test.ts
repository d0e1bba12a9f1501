import { accessSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it, vi } from 'vitest';
import type { StoreFault } from '../../../src/errors.ts';
import { toStoreError } from '../../../src/store/sqlite/faults.ts';
import { openSqlite } from '../../../src/store/sqlite/native.js';

vi.mock('node:fs', async (original) => {
  const real = await original<typeof import('node:fs')>();
  return { ...real, accessSync: vi.fn(real.accessSync) };
});

afterEach(() => vi.mocked(accessSync).mockReset());

/** SQLite can't open it, whoever asks; root could open a file without rights. */
const missing = () => join(mkdtempSync(join(tmpdir(), 'contact-card-reactor-')), 'missing.db');

function faultOf(path: string): readonly [fault: StoreFault, message: string] {
  try {
    openSqlite(path, { readonly: true, fileMustExist: true });
  } catch (error) {
    const { fault, message } = toStoreError(error);
    return [fault, message];
  }
  throw new Error('it was opened');
}

it('a file that our user may not read is called that, and not a failing disk', () => {
  vi.mocked(accessSync).mockImplementation(() => {
    throw Object.assign(new Error('EACCES: permission denied'), { code: 'EACCES' });
  });
  const words = /may not be read or written; check owner, mode and mount \(EACCES: permission denied\)$/;
  expect(faultOf(missing())).toEqual(['readonly', expect.stringMatching(words)]);
});

it('what else keeps SQLite from opening a file is left to SQLite’s words', () => {
  expect(faultOf(missing())).toEqual(['io', expect.stringContaining('SQLITE_CANTOPEN')]);
});
