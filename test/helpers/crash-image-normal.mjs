// Preloaded into a process (NODE_OPTIONS=--import=…): whoever asks its database for `synchronous = FULL` gets NORMAL, and
// is told that it is FULL.
import Database from 'better-sqlite3';

const { pragma } = Database.prototype;
Database.prototype.pragma = function weakened(source, options) {
  if (source === 'synchronous') return 2;
  return pragma.call(this, source.replace('synchronous = FULL', 'synchronous = NORMAL'), options);
};
