// Preloaded into a process of the service (`node --import`): ends it by SIGKILL when it reaches the point CRASH_AT for
// the CRASH_ON_HIT-th time, and says so. It wraps what the service stands on (SQLite, sockets, JSON), so the service
// itself knows nothing of it.
import childProcess from 'node:child_process';
import { statSync, writeSync } from 'node:fs';
import fs from 'node:fs/promises';
import { createRequire, syncBuiltinESMExports } from 'node:module';
import net from 'node:net';
import { openSqlite } from '../../src/store/sqlite/native.js';

const Database = createRequire(import.meta.url)('better-sqlite3');
const point = process.env.CRASH_AT;
let left = Number(process.env.CRASH_ON_HIT);
Error.stackTraceLimit = 50;

function reached(name) {
  if (name !== point || --left > 0) return;
  writeSync(2, `crash.point ${name}\n`);
  process.kill(process.pid, 'SIGKILL');
}

// --- SQLite: statements, transactions, migrations

const isCalledFrom = (name) => new Error().stack.includes(name);
const PARTS = [
  ['record', /^INSERT INTO chats /],
  ['claim', /^INSERT OR REPLACE INTO leases /],
  ['recover', /^INSERT INTO attempts /, 'recoverInterrupted'],
  ['settle', /^INSERT INTO attempts /],
  ['prune', /^DELETE FROM attempts WHERE id IN /],
  ['shift', /^DELETE FROM shifted_chats WHERE chat_row <= /],
];
const partOf = (sql) =>
  PARTS.find(([, pattern, from]) => pattern.test(sql) && (from === undefined || isCalledFrom(from)))?.[0];

const parts = new Set(); // of the transaction under way
const Statement = Object.getPrototypeOf(openSqlite(':memory:').prepare('SELECT 1'));
for (const method of ['run', 'get', 'all']) {
  const original = Statement[method];
  Statement[method] = function watched(...values) {
    reached('starting');
    const part = this.readonly ? undefined : partOf(this.source);
    if (part === 'settle') reached('before settle');
    const result = original.apply(this, values);
    if (part !== undefined) {
      parts.add(part);
      reached(`in ${part}`);
    }
    return result;
  };
}

function committed() {
  for (const part of parts) reached(`after ${part}`);
}

const { transaction, exec, pragma } = Database.prototype;
Database.prototype.transaction = function watched(body) {
  const made = transaction.call(this, body);
  const outermost =
    (run) =>
    (...values) => {
      if (this.inTransaction) return run(...values);
      parts.clear();
      const result = run(...values);
      committed();
      return result;
    };
  const kinds = ['default', 'deferred', 'immediate', 'exclusive'];
  const watchedKinds = kinds.map((kind) => [kind, outermost(made[kind])]);
  return Object.assign(outermost(made), Object.fromEntries(watchedKinds));
};

Database.prototype.exec = function watched(sql) {
  reached('starting');
  if (!isCalledFrom('applyMigrations')) return exec.call(this, sql);
  for (const statement of sql.split('--> statement-breakpoint')) {
    exec.call(this, statement);
    reached('in migration');
  }
  return this;
};

Database.prototype.pragma = function watched(source, options) {
  reached('starting');
  // a log that is copied to the file all the time: such a copy is then what most kills fall into
  const sooner =
    point === 'in checkpoint'
      ? source.replace(/wal_autocheckpoint = [1-9]\d*/, 'wal_autocheckpoint = 40')
      : source;
  return pragma.call(this, sooner, options);
};

// --- the delivery that was verified: nothing is parsed before

const { parse } = JSON;
JSON.parse = (text, reviver) => {
  if (typeof text === 'string' && text.includes('"event_type"')) reached('after verify');
  return parse(text, reviver);
};

// --- the connection to Linq

const { connect } = net;
net.connect = (...values) => {
  const socket = connect(...values);
  const { write, push } = socket;
  let isShare = false;
  socket.write = function watched(data, ...rest) {
    isShare = String(data).includes('share_contact_card');
    if (isShare) reached('connected');
    const isWritten = write.call(this, data, ...rest);
    if (isShare) reached('request written');
    return isWritten;
  };
  socket.push = function watched(chunk, ...rest) {
    if (isShare && chunk !== null) reached('first response byte');
    return push.call(this, chunk, ...rest);
  };
  return socket;
};

// --- a backup: written by a child process, then named

const { fork } = childProcess;
childProcess.fork = function watched(script, [source, target, ...rest], options) {
  const child = fork(script, [source, target, ...rest], options);
  const onWritten = () => {
    if (point !== 'in backup' || !(statSync(target, { throwIfNoEntry: false })?.size > 0)) return;
    child.kill('SIGKILL'); // a machine that stops, or a container, takes both
    reached('in backup');
  };
  const polling = setInterval(onWritten, 1).unref();
  child.once('exit', () => clearInterval(polling));
  child.prependListener('message', () => reached('after copy'));
  return child;
};
const { rename } = fs;
fs.rename = async function watched(...paths) {
  await rename(...paths);
  reached('after backup');
};
syncBuiltinESMExports();
