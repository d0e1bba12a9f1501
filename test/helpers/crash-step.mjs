// Preloaded into a process of the program (`node --import`): counts what it does to files and databases, and ends it by
// SIGKILL just before step CRASH_BEFORE. Without that it tells the number of steps at the end.
import childProcess from 'node:child_process';
import fs from 'node:fs';
import { createRequire, syncBuiltinESMExports } from 'node:module';
import { openSqlite } from '../../src/store/sqlite/native.js';

const Database = createRequire(import.meta.url)('better-sqlite3');
const crashBefore = Number(process.env.CRASH_BEFORE ?? 0);
let steps = 0;

function step(name) {
  steps++;
  if (steps !== crashBefore) return;
  fs.writeSync(2, `crash.step ${steps} ${name}\n`);
  process.kill(process.pid, 'SIGKILL');
}

function watch(object, names) {
  for (const name of names) {
    const original = object[name];
    object[name] = function watched(...values) {
      step(name);
      return original.apply(this, values);
    };
  }
}

watch(fs, ['renameSync', 'rmSync', 'fsyncSync', 'mkdirSync', 'chmodSync']);
watch(fs.promises, ['rm', 'rename']);
watch(childProcess, ['fork']);
watch(Database.prototype, ['exec', 'pragma', 'close']);
watch(Object.getPrototypeOf(openSqlite(':memory:').prepare('SELECT 1')), ['run']);
syncBuiltinESMExports();
process.on('exit', () => fs.writeSync(2, `crash.steps ${steps}\n`));
