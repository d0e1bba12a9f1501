import { fork } from 'node:child_process';
import { existsSync, fstatSync, statSync } from 'node:fs';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { StoreError } from '../../../errors.ts';
import { programFile } from '../../../package-files.ts';
import { realPath } from '../../../real-path.ts';
import { toStoreError } from '../faults.ts';
import { freeGradually, prepareFile } from '../files.ts';
import { refuseSecondName } from '../place.ts';

export interface BackupOptions {
  readonly databasePath: string;
  /** The backup file; an existing one is replaced once the new one is complete. */
  readonly file: string;
  /** Where it is written until then, in the same directory. */
  readonly partial: string;
  /** Aborts the backup at once and leaves nothing behind. */
  readonly signal: AbortSignal;
}

/**
 * Makes a backup of a database, in use or not: either a complete and verified file, accessible to our user
 * only, or none.
 * @throws {StoreError} that says what to do
 */
export async function makeBackup(options: BackupOptions): Promise<CopyContent> {
  const { file, partial, signal } = options;
  const databasePath = realPath(options.databasePath);
  if (!existsSync(databasePath)) {
    throw new StoreError('broken', `there is no database at ${options.databasePath}; check DATABASE_URL`);
  }
  refuseSecondName(databasePath); // the copy would lack what the log under the other name holds
  let held: FileHandle | null = null;
  try {
    held = await startAnew(partial, signal);
    const { fd } = held;
    const refuseOther = () => {
      if (!isSame(fstatSync(fd, { bigint: true }), lookAt(partial)))
        throw new StoreError('broken', OVERTAKEN);
    };
    refuseTarget(databasePath, file);
    const content = await copyDatabase(databasePath, partial, signal).finally(refuseOther);
    await freeGradually(file, () => rename(partial, file), signal);
    await syncDirectory(dirname(resolve(file)));
    return content;
  } catch (error) {
    // the first error is the one that explains
    if (!isOvertaken(error)) await removeCopy(partial, signal).catch(() => {});
    throw fileError(error, file);
  } finally {
    await held?.close();
  }
}

const OVERTAKEN = 'another backup into the same file was begun meanwhile; wait for that one';
const isOvertaken = (error: unknown) => error instanceof StoreError && error.message === OVERTAKEN;

/**
 * Never reuses the file that a crash left: its writer may still be running. The file is created and opened in
 * one step, so that two backups that begin at once never share one. While it is held open, no other file can
 * be mistaken for it.
 */
async function startAnew(partial: string, signal: AbortSignal): Promise<FileHandle> {
  prepareFile(partial, 'choose another place for backups');
  await removeCopy(partial, signal);
  try {
    return await open(partial, 'wx', 0o600);
  } catch (error) {
    const isThere = error instanceof Error && 'code' in error && error.code === 'EEXIST';
    throw isThere ? new StoreError('broken', OVERTAKEN) : error;
  }
}

/** What SQLite keeps beside a copy while it is written, and a killed process leaves there. */
const BESIDE_COPY = ['-journal', '-wal', '-shm'] as const;

/** Removes an incomplete copy, if it is there. */
export async function removeCopy(partial: string, signal?: AbortSignal): Promise<void> {
  for (const suffix of [...BESIDE_COPY, '']) {
    const part = partial + suffix;
    await freeGradually(part, () => rm(part, { force: true }), signal);
  }
}

/** Files beside a database whose names start with its name are parts of it, or are mistaken for parts. */
const PARTS = [
  ...['-wal', '-shm', '-journal', '.lock', '.cli-token', '.restoring', '.restoring.partial'],
] as const;

/** A backup replaces any file of the same name. */
function refuseTarget(databasePath: string, file: string): void {
  const target = lookAt(file);
  if (isSame(lookAt(databasePath), target)) {
    throw new StoreError('broken', `${file} is the database itself; name another file`);
  }
  if (target !== undefined && !target.isFile()) {
    throw new StoreError('broken', `${file} isn’t a regular file; name another one`);
  }
  const place = join(realPath(dirname(file)), basename(file)); // a link there is replaced, not followed
  if (PARTS.some((suffix) => place === databasePath + suffix)) {
    throw new StoreError('broken', `${file} belongs to the database; name another file`);
  }
}

const lookAt = (path: string) => statSync(path, { bigint: true, throwIfNoEntry: false });

function isSame(one: ReturnType<typeof lookAt>, other: ReturnType<typeof lookAt>): boolean {
  return one !== undefined && one.ino === other?.ino && one.dev === other.dev;
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

/** The system's error about the location, as a sentence. */
function fileError(error: unknown, file: string): unknown {
  if (error instanceof StoreError) return error;
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (!/^E[A-Z]+$/.test(code)) return error; // including an abort
  const { fault } = toStoreError(error);
  const what = fault === 'full' ? 'no space is left' : 'it can’t be written; check its owner, mode and kind';
  return new StoreError(fault, `${file}: ${what} (${code})`, { cause: error });
}

/** The contents of a copy. */
export interface CopyContent {
  readonly chats: number;
  /** Number of the newest migration applied. */
  readonly schemaVersion: number;
  readonly sizeBytes: number;
}

/** What the copying process reports, once, before it ends. */
export type CopyMessage =
  | ({ readonly kind: 'copied' } & CopyContent)
  /** The copy failed SQLite's check. */
  | { readonly kind: 'damaged'; readonly finding: string }
  /** It has none of our tables. */
  | { readonly kind: 'foreign' }
  | { readonly kind: 'failed'; readonly code: string; readonly message: string };

const SCRIPT = fileURLToPath(programFile('store/sqlite/backup/backup-process.js'));

/**
 * Copies a snapshot of a database, which may be in use, into an existing empty file; verifies the copy, and
 * syncs it to disk. This process keeps running meanwhile.
 * @param signal aborts the copying at once; the partial copy is then useless
 * @throws {StoreError} that names the file at fault
 */
export async function copyDatabase(
  source: string,
  target: string,
  signal: AbortSignal,
): Promise<CopyContent> {
  const message = await runCopy(source, target, signal);
  switch (message.kind) {
    case 'copied': {
      const { chats, schemaVersion, sizeBytes } = message;
      return { chats, schemaVersion, sizeBytes };
    }
    case 'damaged':
      throw new StoreError(
        'corrupt',
        `${source} is damaged: its copy fails SQLite’s check (${oneLine(message.finding)})`,
      );
    case 'foreign':
      throw new StoreError('broken', `${source} isn’t a contact-card-reactor database`);
    case 'failed':
      throw copyError(message, source, target);
  }
}

function runCopy(source: string, target: string, signal: AbortSignal): Promise<CopyMessage> {
  return new Promise((resolve, reject) => {
    // the copying process needs neither our secrets nor our start options
    const child = fork(SCRIPT, [source, target], {
      execArgv: [],
      env: {},
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      signal,
      killSignal: 'SIGKILL',
    });
    let reply: CopyMessage | null = null;
    let aborted: unknown = null;
    child.once('message', (message: CopyMessage) => {
      reply = message;
    });
    child.once('error', (error) => {
      aborted = error;
      if (child.pid === undefined) reject(error); // it couldn't be started
    });
    child.once('exit', (code, killedBy) => {
      if (reply !== null && aborted === null) resolve(reply);
      else
        reject(aborted ?? new StoreError('broken', `the copying process ended early (${killedBy ?? code})`));
    });
  });
}

function copyError(
  { code, message }: { code: string; message: string },
  source: string,
  target: string,
): StoreError {
  const cause = Object.assign(new Error(message), { code });
  const { fault } = toStoreError(cause);
  const said = `${code === '' ? 'unknown' : code}: ${oneLine(message)}`;
  switch (fault) {
    case 'full':
      return new StoreError('full', `there is no space left for the copy in ${dirname(target)} (${said})`, {
        cause,
      });
    case 'corrupt':
      return new StoreError('corrupt', `${source} is damaged or isn’t a database (${said})`, { cause });
    default:
      return new StoreError(
        fault,
        `${basename(source)} couldn’t be copied into ${dirname(target)}; check owner, mode and mount of both (${said})`,
        { cause },
      );
  }
}

const oneLine = (text: string) => text.replaceAll(/\s+/g, ' ');
