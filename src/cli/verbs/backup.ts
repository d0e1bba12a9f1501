import type { Sources } from '../../config/sources.ts';
import { StoreError, UsageError } from '../../errors.ts';
import { bytesInWords, chatsInWords } from '../../status/view/wording.ts';
import type { CopyContent } from '../../store/sqlite/backup/backup.ts';
import { EXIT, type ExitCode, type Io, STANDARD } from '../io.ts';
import { printJson } from '../terminal/screen.ts';
import type { Register } from '../verb.ts';

interface BackupFlags {
  readonly force?: boolean;
  readonly json?: boolean;
}

/** `backup`. */
export const registerBackup: Register = (program, { io, readSources, run }) => {
  program
    .command('backup')
    .argument(
      '[file]',
      'where to save it, - for standard output (default: a new file in BACKUP_DIR, named by the time)',
    )
    .description('back up the database and verify the copy, whether or not the service is running')
    .option('--force', 'overwrite an existing file')
    .option('--json', 'print JSON')
    .action(
      run(
        async (file: string | undefined, flags: BackupFlags) =>
          await backUp(io, await readSources(), file ?? null, flags),
      ),
    );
};

/** @throws {ConfigError} @throws {StoreError} @throws {UsageError} */
async function backUp(io: Io, sources: Sources, named: string | null, flags: BackupFlags): Promise<ExitCode> {
  const [
    { existsSync, statSync },
    { join },
    { makeBackup },
    { backupName },
    { createSystemClock },
    settings,
  ] = await Promise.all([
    import('node:fs'),
    import('node:path'),
    import('../../store/sqlite/backup/backup.ts'),
    import('../../store/sqlite/backup/backup-schedule.ts'),
    import('../../clock.ts'),
    import('../verb-settings.ts'),
  ]);
  if (named === STANDARD && io.isTerminal)
    throw new UsageError('A database is binary: send it to a file or a program, as in `backup - > FILE`.');
  const databasePath = settings.readDatabasePath(
    sources,
    'back it up with pg_dump, or with the point-in-time recovery of your server. After going back to an earlier moment, run `restore --mark`.',
  );
  const backupDirectory = settings.readBackupDirectory(sources);
  const clock = createSystemClock();
  const isPiped = named === STANDARD;
  const usual = () => join(backupDirectory, backupName(databasePath, clock.now()));
  const whole = named === null || isPiped ? usual() : named;
  const partial = `${whole}.partial`;
  const file = isPiped ? partial : whole; // if killed before it is sent, it must not pass for one of the kept backups
  if (flags.force !== true && !isPiped && existsSync(file)) {
    throw new UsageError(`${file} already exists: choose another file, or add --force to overwrite it.`);
  }
  const sizeOf = (path: string) => statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  const look = () => {
    const part = sizeOf(partial) / Math.max(sizeOf(databasePath), 1);
    return part < 1 ? `Copying ${databasePath}: ${Math.floor(part * 100)} %` : `Checking ${file}`;
  };
  const { withProgress } = await import('../terminal/progress.ts');
  const { signal } = new AbortController();
  const content = await withProgress(
    { io, clock, look: flags.json === true ? null : look },
    makeBackup({ databasePath, file, partial, signal }),
  ).catch((error: unknown) => {
    if (!(error instanceof StoreError)) throw error;
    throw new StoreError(error.fault, `No backup was made: ${error.message}.`, { cause: error });
  });
  if (isPiped && !(await moveToOutput(file))) return EXIT.failed;
  const destination = isPiped ? 'standard output' : file;
  const write = isPiped ? io.writeError : io.write;
  if (flags.json === true) printJson({ file: destination, ...content }, { write });
  else write(describe(destination, content));
  return EXIT.fine;
}

/**
 * Unlinks the file before sending the first byte, so that nothing remains whatever happens.
 * @returns false when standard output couldn't take all of it; the error has been reported
 * @throws {StoreError} when its reader ended early
 */
async function moveToOutput(path: string): Promise<boolean> {
  const { createReadStream, openSync, rmSync } = await import('node:fs');
  const fd = openSync(path, 'r');
  rmSync(path);
  for await (const chunk of createReadStream(path, { fd, highWaterMark: CHUNK_BYTES })) {
    const failure = await send(chunk);
    if (failure === null) continue;
    if (!('code' in failure) || failure.code !== 'EPIPE') return false;
    throw new StoreError('io', 'The backup is incomplete: the program reading it ended early (EPIPE).', {
      cause: failure,
    });
  }
  return true;
}

const CHUNK_BYTES = 256 * 1024;

/** Resolves once the chunk is written, so that at most one is in memory. */
function send(chunk: Buffer): Promise<Error | null> {
  return new Promise((resolve) => {
    process.stdout.write(chunk, (error) => resolve(error ?? null));
  });
}

function describe(file: string, { chats, schemaVersion, sizeBytes }: CopyContent): string {
  return `${file}: ${bytesInWords(sizeBytes)}, ${chatsInWords(chats)}, schema ${schemaVersion}; complete and verified.\n`;
}
