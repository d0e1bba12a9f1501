import { showDatabase } from '../../config/database-kind.ts';
import { readSetting } from '../../config/load.ts';
import { SETTINGS } from '../../config/settings.ts';
import { ConfigError, SetupError, StoreError, UsageError } from '../../errors.ts';
import { readSchema } from '../verb-settings.ts';
import { adopt, type Session } from './setup-session.ts';

const DATABASE = SETTINGS.database;

/**
 * Takes the address of a PostgreSQL database from a file or the environment, tries it, and marks it for saving. Without
 * one, the data goes to a SQLite file, about which there is nothing to ask.
 * @throws {UsageError} @throws {ConfigError} @throws {SetupError} when the database can't be used
 */
export async function setUpDatabase(session: Session): Promise<void> {
  const { options, file, values, talk, clock } = session;
  const given =
    options.databaseUrlFile === undefined ? null : readAddressFile(session, options.databaseUrlFile);
  if (given !== null) values[DATABASE.name] = given;
  else adopt(session, DATABASE);
  const place = given === null ? readSetting(DATABASE, file.sources()) : parse(given);
  if (place?.kind !== 'postgres') {
    delete values[DATABASE.name];
    return;
  }
  const { examineServer } = await import('../../store/postgres/examine.ts');
  const address = { url: place.url, schema: readSchema(file.sources()) };
  const { version } = await examineServer(address, clock.systemNow).catch((error: unknown) => {
    if (!(error instanceof StoreError)) throw error;
    throw new SetupError(
      `Can’t use the database ${showDatabase(place)}: ${error.message}. Nothing was changed.`,
    );
  });
  talk.done(`The database ${showDatabase(place)} answers (PostgreSQL ${version}).`);
}

function readAddressFile({ io }: Session, path: string): string {
  try {
    return io.readFile(path).trim();
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable';
    throw new UsageError(`--database-url-file: ${path} can’t be read (${code}).`, { cause: error });
  }
}

function parse(text: string) {
  const parsed = DATABASE.kind.parse(text);
  if ('wrong' in parsed) {
    const why = parsed.wrong === '' ? '' : ` (${parsed.wrong})`;
    throw new ConfigError(`--database-url-file: expected ${DATABASE.kind.expects}${why}.`);
  }
  if (parsed.value.kind === 'sqlite')
    throw new ConfigError('--database-url-file: expected the postgres:// address of a PostgreSQL database.');
  return parsed.value;
}
