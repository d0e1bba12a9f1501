import type { Sources } from '../../config/sources.ts';
import { StoreError } from '../../errors.ts';
import type { MigrationState } from '../../store/sqlite/migrate.ts';
import { EXIT, type ExitCode, type Io } from '../io.ts';
import { describeStoreFailure } from '../start-failure.ts';
import { printJson } from '../terminal/screen.ts';
import type { Register } from '../verb.ts';

interface MigrateFlags {
  readonly check?: boolean;
  readonly json?: boolean;
}

/** `migrate`. */
export const registerMigrate: Register = (program, { io, readSources, run }) => {
  program
    .command('migrate')
    .description(
      'update the database schema, after making a copy, while the service is stopped (starting the service does the same)',
    )
    .option('--check', 'change nothing: exit code 0 if up to date, 1 if migrations are pending')
    .option('--json', 'print JSON')
    .action(run(async (flags: MigrateFlags) => await migrate(io, await readSources(), flags)));
};

/** @throws {ConfigError} @throws {StoreError} */
async function migrate(io: Io, sources: Sources, { check, json }: MigrateFlags): Promise<ExitCode> {
  const [{ readMigrationState }, { openDatabase }, { toStoreError }, { readStorageSettings }] =
    await Promise.all([
      import('../../store/sqlite/migrate.ts'),
      import('../../store/sqlite/database.ts'),
      import('../../store/sqlite/faults.ts'),
      import('../verb-settings.ts'),
    ]);
  const { databasePath } = readStorageSettings(sources);
  const print = (state: MigrationState, applied: readonly string[], sentence: string) => {
    if (json === true) printJson({ databasePath, ...state, applied }, io);
    else io.write(`${sentence}\n`);
  };
  try {
    const before = readMigrationState(databasePath);
    if (before.state !== 'pending' || check === true) {
      print(before, [], describe(before, databasePath));
      return before.state === 'current' ? EXIT.fine : EXIT.failed;
    }
    openDatabase(databasePath).close();
    const after = readMigrationState(databasePath);
    const did = before.pending.length === 0 ? '' : `Applied ${before.pending.join(', ')}. `;
    print(after, before.pending, `${did}${describe(after, databasePath)}`);
    return EXIT.fine;
  } catch (error) {
    const failure = toStoreError(error);
    throw new StoreError(failure.fault, describeStoreFailure(failure, databasePath), { cause: error });
  }
}

function describe({ state, schemaVersion, latest, pending }: MigrationState, path: string): string {
  switch (state) {
    case 'current':
      return `${path} is up to date: schema ${latest}.`;
    case 'pending':
      return `${path} has schema ${schemaVersion}; pending up to ${latest}: ${pending.join(', ')}. Start the service or run \`migrate\` to apply them.`;
    case 'newer':
      return `${path} was written by a newer version of contact-card-reactor: run that version, or restore an older backup. Nothing was changed.`;
  }
}
