// @ts-check
// Runs SQLite's quick check on a database file, in a separate process: it may take long, and can be killed
// at any time. Plain JavaScript, because not every supported Node.js can run TypeScript.
//
// node quick-check-process.js FILE: prints `ok` or SQLite's complaint. Only reads: a service may use the file.

import { openSqlite } from '../../store/sqlite/native.js';

const database = openSqlite(process.argv[2] ?? '', { readonly: true, fileMustExist: true, timeout: 2_000 });
try {
  process.stdout.write(String(database.pragma('quick_check(1)', { simple: true })));
} finally {
  database.close();
}
