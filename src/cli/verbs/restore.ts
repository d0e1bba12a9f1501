import type { Sources } from '../../config/sources.ts';
import type { EpochMs } from '../../decide/time.ts';
import { StoreError, UsageError } from '../../errors.ts';
import { chatsInWords, isoTime, timeInWords } from '../../status/view/wording.ts';
import type { Restored } from '../../store/sqlite/backup/restore.ts';
import { EXIT, type ExitCode, type Io, realFile } from '../io.ts';
import { printJson } from '../terminal/screen.ts';
import type { Register } from '../verb.ts';

interface RestoreFlags {
  /** False with `--no-wait`. */
  readonly wait: boolean;
  readonly mark?: boolean;
  readonly json?: boolean;
}

/** `restore`. */
export const registerRestore: Register = (program, { io, readSources, run }) => {
  program
    .command('restore')
    .argument('[file]', 'a backup of a SQLite database', realFile)
    .description('replace the database with a backup, and keep the old one; stop the service first')
    .option(
      '--mark',
      'PostgreSQL, after going back to an earlier moment: every chat waits one SHARE_WINDOW, because later shares are unknown',
    )
    .option(
      '--no-wait',
      'share immediately; by default every chat waits one SHARE_WINDOW, because the backup lacks later shares',
    )
    .option('--json', 'print JSON')
    .action(
      run(async (file: string | undefined, flags: RestoreFlags) => {
        const sources = await readSources();
        if (flags.mark === true) return await mark(io, sources, file, flags);
        if (file === undefined) throw new UsageError('Give the backup: `restore FILE`.');
        return await restore(io, sources, file, flags);
      }),
    );
};

/** @throws {ConfigError} @throws {StoreError} */
async function restore(
  io: Io,
  sources: Sources,
  file: string,
  { wait, json }: RestoreFlags,
): Promise<ExitCode> {
  const [{ restoreBackup }, { createSystemClock }, settings, { withProgress }] = await Promise.all([
    import('../../store/sqlite/backup/restore.ts'),
    import('../../clock.ts'),
    import('../verb-settings.ts'),
    import('../terminal/progress.ts'),
  ]);
  const databasePath = settings.readDatabasePath(
    sources,
    'restore it with psql or pg_restore, or with the point-in-time recovery of your server; then run `restore --mark` before you start the service.',
  );
  const windowMs = settings.readWindowMs(sources);
  const catchUpEveryMs = settings.readCatchUpEveryMs(sources);
  const clock = createSystemClock();
  let marked = 0;
  const look = () => (marked === 0 ? `Copying and checking ${file}` : `Marking chats: ${marked}`);
  const onMarked = (count: number) => {
    marked = count;
  };
  const restored = await withProgress(
    { io, clock, look: json === true ? null : look },
    restoreBackup({ databasePath, file, isWaiting: wait, now: clock.now(), onMarked }),
  ).catch((error: unknown) => {
    if (!(error instanceof StoreError)) throw error;
    throw new StoreError(error.fault, `Not restored: ${error.message}.`, { cause: error });
  });
  const { restoredAt } = restored;
  const waitsUntil = restoredAt === null ? null : restoredAt + windowMs;
  const times = { restoredAt: isoTime(restoredAt), waitsUntil: isoTime(waitsUntil) };
  if (json === true) printJson({ ...restored, file, ...times }, io);
  else io.write(`${describe(restored, file, waitsUntil)}${nextStep(catchUpEveryMs, 'since the backup')}`);
  return EXIT.fine;
}

/** @throws {ConfigError} @throws {StoreError} @throws {UsageError} */
async function mark(
  io: Io,
  sources: Sources,
  file: string | undefined,
  { wait, json }: RestoreFlags,
): Promise<ExitCode> {
  const settings = await import('../verb-settings.ts');
  const place = settings.readDatabase(sources);
  if (file !== undefined || !wait) throw new UsageError('--mark takes neither a file nor --no-wait.');
  if (place.kind === 'sqlite')
    throw new UsageError(
      '--mark is for PostgreSQL; `restore FILE` marks the chats of a SQLite backup itself.',
    );
  const [{ markRestored }, { showDatabase }, { createSystemClock }, { withProgress }] = await Promise.all([
    import('../../store/postgres/by-hand.ts'),
    import('../../config/database-kind.ts'),
    import('../../clock.ts'),
    import('../terminal/progress.ts'),
  ]);
  const database = showDatabase(place);
  const windowMs = settings.readWindowMs(sources);
  const catchUpEveryMs = settings.readCatchUpEveryMs(sources);
  let marked = 0;
  const look = json === true ? null : () => `Marking chats in ${database}: ${marked}`;
  const onMarked = (count: number) => {
    marked = count;
  };
  const { chats, restoredAt } = await withProgress(
    { io, clock: createSystemClock(), look },
    markRestored({ url: place.url, schema: settings.readSchema(sources) }, onMarked),
  ).catch((error: unknown) => {
    if (!(error instanceof StoreError)) throw error;
    const so =
      marked === 0
        ? 'This run marked nothing'
        : `Only ${chatsInWords(marked)} ${marked === 1 ? 'was' : 'were'} marked, and no replica starts until all are,`;
    const then = marked === 0 ? '' : ' Run it again to go on.';
    throw new StoreError(error.fault, `${so} in ${database}: ${error.message}.${then}`, { cause: error });
  });
  const waitsUntil = restoredAt + windowMs;
  const times = { restoredAt: isoTime(restoredAt), waitsUntil: isoTime(waitsUntil) };
  if (json === true) printJson({ database, chats, ...times }, io);
  else
    io.write(
      `Marked ${chatsInWords(chats)} in ${database}: each waits one window, until ${timeInWords(waitsUntil)}. Other chats wait until catch-up has read them, or until then.\n${nextStep(catchUpEveryMs, 'meanwhile')}`,
    );
  return EXIT.fine;
}

function describe(restored: Restored, file: string, waitsUntil: EpochMs | null): string {
  const { databasePath, keptAs, chats, schemaVersion } = restored;
  const kept =
    keptAs === null
      ? 'There was no database before.'
      : `The old database is kept as ${keptAs}\nTo undo this, restore that file.`;
  const wait =
    waitsUntil === null
      ? 'No chat waits (--no-wait): a chat that got a share after the backup may get another.'
      : `The backup lacks later shares, so every chat in it waits one window, until ${timeInWords(waitsUntil)}. Other chats wait until catch-up has read them, or until then.`;
  return [
    `Restored ${file} to ${databasePath}: ${chatsInWords(chats)}, schema ${schemaVersion}.`,
    kept,
    wait,
    '',
  ].join('\n');
}

/** How the service learns what it lacks. @param catchUpEveryMs 0: only on demand */
function nextStep(catchUpEveryMs: number, since: string): string {
  const then = catchUpEveryMs === 0 ? ', then run `contact-card-reactor catch-up`' : '';
  return `Start the service${then}: it reads from Linq what happened ${since}.\n`;
}
