// @ts-check
// Asks SQLite whether a database file is sound, in a process of its own: that may take long, and can be ended at any
// moment. Plain JavaScript, because no Node.js that this program runs on can be counted on to start TypeScript.
//
// node quick-check-process.js FILE: prints `ok`, or what SQLite complains of. Reads only, so a service may work on it.

import { openSqlite } from '../../store/sqlite/native.js';

const database = openSqlite(process.argv[2] ?? '', { readonly: true, fileMustExist: true, timeout: 2_000 });
try {
  process.stdout.write(String(database.pragma('quick_check(1)', { simple: true })));
} finally {
  database.close();
}
