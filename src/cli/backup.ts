import { StoreError, UsageError } from '../errors.ts';
import type { CopyContent } from '../store/backup-copy.ts';
import { EXIT, type ExitCode, type Io, readSources } from './io.ts';
import type { Register } from './program.ts';
import { bytesInWords } from './words.ts';

interface BackupFlags {
  readonly force?: boolean;
  readonly json?: boolean;
}

/** `backup`. */
export const registerBackup: Register = (program, { io, globals, run }) => {
  program
    .command('backup')
    .argument('[file]', 'where to (default: a new file in BACKUP_DIR, named by the time)')
    .description('copy the database, whether the service runs or not, and check the copy')
    .option('--force', 'replace a file that is there')
    .option('--json', 'print JSON')
    .action(
      run(
        async (file: string | undefined, flags: BackupFlags) =>
          await backUp(io, globals().envFile, file ?? null, flags),
      ),
    );
};

/** @throws {ConfigError} @throws {StoreError} @throws {UsageError} */
async function backUp(
  io: Io,
  envFile: string | null,
  named: string | null,
  flags: BackupFlags,
): Promise<ExitCode> {
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
    import('../store/backup.ts'),
    import('../store/backup-files.ts'),
    import('../clock.ts'),
    import('./storage-settings.ts'),
  ]);
  const { databasePath, backupDirectory } = settings.readStorageSettings(readSources(io, envFile));
  const clock = createSystemClock();
  const file = named ?? join(backupDirectory, backupName(databasePath, clock.now()));
  if (flags.force !== true && existsSync(file)) {
    throw new UsageError(`${file} is there already: name another file, or add --force to replace it.`);
  }
  const partial = `${file}.partial`;
  const sizeOf = (path: string) => statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  const look = () => {
    const part = sizeOf(partial) / Math.max(sizeOf(databasePath), 1);
    return part < 1 ? `Copying ${databasePath}: ${Math.floor(part * 100)} %` : `Checking ${file}`;
  };
  const { withProgress } = await import('./backup-progress.ts');
  const { signal } = new AbortController();
  const content = await withProgress(
    { io, clock, look },
    makeBackup({ databasePath, file, partial, signal }),
  ).catch((error: unknown) => {
    if (!(error instanceof StoreError)) throw error;
    throw new StoreError(error.fault, `No backup was made: ${error.message}.`, { cause: error });
  });
  io.write(
    flags.json === true ? `${JSON.stringify({ file, ...content }, null, 2)}\n` : describe(file, content),
  );
  return EXIT.fine;
}

function describe(file: string, { chats, schemaVersion, sizeBytes }: CopyContent): string {
  return `${file}: ${bytesInWords(sizeBytes)}, ${chats} chats, schema ${schemaVersion}; the copy is complete and checked.\n`;
}
