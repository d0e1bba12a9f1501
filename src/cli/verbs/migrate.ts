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
      'update the database schema (starting the service does the same). SQLite: after making a copy, while the service is stopped',
    )
    .option('--check', 'change nothing: exit code 0 if up to date, 1 if migrations are pending')
    .option('--json', 'print JSON')
    .action(run(async (flags: MigrateFlags) => await migrate(io, await readSources(), flags)));
};

/** How a kind of database is examined and migrated. */
interface Migrator {
  /** For people; no secret. */
  readonly database: string;
  readonly read: () => Promise<MigrationState>;
  readonly apply: () => Promise<unknown>;
  /** In JSON. */
  readonly place: object;
  readonly toStoreError: (error: unknown) => StoreError;
}

async function migratorOf(sources: Sources): Promise<Migrator> {
  const { readDatabase, readSchema } = await import('../verb-settings.ts');
  const place = readDatabase(sources);
  if (place.kind === 'sqlite') {
    const [{ readMigrationState }, { openDatabase }, { toStoreError }] = await Promise.all([
      import('../../store/sqlite/migrate.ts'),
      import('../../store/sqlite/database.ts'),
      import('../../store/sqlite/faults.ts'),
    ]);
    const database = place.path;
    return {
      database,
      place: { databasePath: database },
      read: async () => readMigrationState(database),
      apply: async () => openDatabase(database).close(),
      toStoreError,
    };
  }
  const [{ migrateByHand, readMigrationState }, { toStoreError }, { showDatabase }] = await Promise.all([
    import('../../store/postgres/by-hand.ts'),
    import('../../store/postgres/faults.ts'),
    import('../../config/database-kind.ts'),
  ]);
  const address = { url: place.url, schema: readSchema(sources) };
  const database = showDatabase(place);
  return {
    database,
    place: { database },
    read: () => readMigrationState(address),
    apply: () => migrateByHand(address),
    toStoreError,
  };
}

/** @throws {ConfigError} @throws {StoreError} */
async function migrate(io: Io, sources: Sources, { check, json }: MigrateFlags): Promise<ExitCode> {
  const { database, place, read, apply, toStoreError } = await migratorOf(sources);
  const print = (state: MigrationState, applied: readonly string[], sentence: string) => {
    if (json === true) printJson({ ...place, ...state, applied }, io);
    else io.write(`${sentence}\n`);
  };
  try {
    const before = await read();
    if (before.state !== 'pending' || check === true) {
      print(before, [], describe(before, database));
      return before.state === 'current' ? EXIT.fine : EXIT.failed;
    }
    await apply();
    const after = await read();
    const did = before.pending.length === 0 ? '' : `Applied ${before.pending.join(', ')}. `;
    print(after, before.pending, `${did}${describe(after, database)}`);
    return EXIT.fine;
  } catch (error) {
    const failure = toStoreError(error);
    throw new StoreError(failure.fault, describeStoreFailure(failure, database), { cause: error });
  }
}

function describe({ state, schemaVersion, latest, pending }: MigrationState, path: string): string {
  switch (state) {
    case 'current':
      return `${path} is up to date: schema ${latest}.`;
    case 'pending':
      return `${path} has schema ${schemaVersion}; pending up to ${latest}: ${pending.join(', ')}. Start the service or run \`migrate\` to apply them.`;
    case 'newer':
      return `${path} was written by a newer version of contact-card-reactor: run that version, or go back to an older backup. Nothing was changed.`;
  }
}
