import { rmSync } from 'node:fs';
import { openSqlite } from '../../../src/store/sqlite/native.js';

/** Copies a database in use. */
export function backUpFile(path: string, backup: string): void {
  rmSync(backup, { force: true });
  const sql = openSqlite(path, { readonly: true });
  sql.prepare('VACUUM INTO ?').run(backup);
  sql.close();
}

/**
 * Puts a backup in the place of a database that nobody uses, and marks what is in it, as the service's own restore does
 * (which is tested elsewhere: it starts a process, and here there are many restores).
 */
export function restoreFile(path: string, backup: string, now: number): void {
  for (const suffix of ['', '-wal', '-shm']) rmSync(path + suffix, { force: true });
  backUpFile(backup, path);
  const sql = openSqlite(path);
  sql.prepare('UPDATE chats SET restored_at = ?').run(now);
  sql.exec(`DELETE FROM shifted_chats; DELETE FROM meta WHERE key IN
    ('restored_at', 'restored_last_row', 'clock_shift', 'decided_fingerprint', 'redecide_fingerprint', 'redecide_after_id')`);
  sql.prepare(`INSERT INTO meta (key, value) VALUES ('restored_at', ?)`).run(String(now));
  sql.exec(`INSERT INTO meta (key, value) SELECT 'restored_last_row', coalesce(max(id), 0) FROM chats`);
  sql.close();
}
