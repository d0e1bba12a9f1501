import { type DatabasePlace, showDatabase } from '../config/database-kind.ts';
import { loadConfig } from '../config/load.ts';
import { SECOND } from '../decide/time.ts';
import { ConfigError } from '../errors.ts';
import type { DoctorOptions, DoctorSettings, Report } from './check.ts';
import { type Finding, skipped } from './finding.ts';
import {
  judgeDatabase,
  judgeDataDirectory,
  judgeFileModes,
  judgeNativeModule,
  judgeNode,
  judgeSettings,
  type SeenSettings,
} from './judge/machine.ts';
import { judgeServer, judgeTables } from './judge/server.ts';
import { lookAtDirectory, lookAtFiles } from './look/file-modes.ts';
import { lookAtServer } from './look/server.ts';

/** A hanging disk must not delay the other checks. */
const DISK_MS = 8 * SECOND;

/** Checks this machine: the program, its settings, its files. Resolves to whether a process uses the database. */
export async function checkMachine(
  report: Report,
  options: DoctorOptions,
  settings: DoctorSettings,
): Promise<{ readonly isDatabaseLocked: boolean }> {
  const { nodeVersion, adviseOnNode, envFilePath } = options;
  const { database, databaseSchema, backupDirectory } = settings;
  const databasePath = database?.kind === 'sqlite' ? database.path : null;
  await report('node', async () => judgeNode(nodeVersion, adviseOnNode(nodeVersion)));
  const advice = await adviceOnNativeModule(options);
  await report('native_module', async () =>
    advice !== null && database?.kind === 'postgres'
      ? skipped('native_module', 'It doesn’t load, but the data is in PostgreSQL.')
      : judgeNativeModule(advice),
  );
  await report('settings', async () => judgeSettings(seeSettings(options)));
  await report('file_modes', async () => {
    if (process.platform === 'win32') return skipped('file_modes', 'Windows has no file modes.');
    const files = await inTime(lookAtFiles(envFilePath, databasePath, backupDirectory));
    return files === null ? skipped('file_modes', 'The disk didn’t respond in time.') : judgeFileModes(files);
  });
  if (database === null) {
    for (const id of ['data_directory', 'database'] as const)
      await report(id, async () => skipped(id, 'DATABASE_URL is wrong.'));
    return { isDatabaseLocked: false };
  }
  if (databasePath === null) {
    if (database.kind === 'postgres') await checkServer(report, options, database, databaseSchema);
    return { isDatabaseLocked: false };
  }
  await report('data_directory', async () => {
    const seen = await inTime(lookAtDirectory(databasePath));
    return judgeDataDirectory(
      seen ?? { path: databasePath, exists: true, writeFault: 'ETIMEDOUT', fileSystem: null, space: null },
    );
  });
  return checkDatabase(report, databasePath, advice === null);
}

/** @param schema null: DATABASE_SCHEMA is wrong */
async function checkServer(
  report: Report,
  { clock }: DoctorOptions,
  place: Extract<DatabasePlace, { kind: 'postgres' }>,
  schema: string | null,
): Promise<void> {
  const seen = schema === null ? null : await lookAtServer({ url: place.url, schema }, clock.systemNow);
  await report('database', async () =>
    seen === null ? skipped('database', 'DATABASE_SCHEMA is wrong.') : judgeTables(showDatabase(place), seen),
  );
  await report('database_server', async () =>
    seen?.kind === 'seen' && schema !== null
      ? judgeServer(schema, seen.state)
      : skipped('database_server', 'The database can’t be used.'),
  );
}

async function checkDatabase(
  report: Report,
  databasePath: string,
  isModuleThere: boolean,
): Promise<{ readonly isDatabaseLocked: boolean }> {
  let isDatabaseLocked = false;
  await report('database', async (): Promise<Finding> => {
    if (!isModuleThere) return skipped('database', 'SQLite’s native module doesn’t load.');
    const { isDatabaseInUse, lookAtDatabase } = await import('./look/database-state.ts');
    isDatabaseLocked = isDatabaseInUse(databasePath);
    return judgeDatabase(databasePath, await lookAtDatabase(databasePath), isDatabaseLocked);
  });
  return { isDatabaseLocked };
}

/** Actually loads the module: its presence doesn't prove that it fits this Node.js. */
async function adviceOnNativeModule({ adviseOnInstallation }: DoctorOptions): Promise<string | null> {
  try {
    const { openSqlite } = await import('../store/sqlite/native.js');
    openSqlite(':memory:').close();
    return null;
  } catch (error) {
    return (
      adviseOnInstallation(error) ??
      `Run \`npm ci\` in the program’s directory (${error instanceof Error ? error.message : 'unknown error'}).`
    );
  }
}

function seeSettings({ sources }: DoctorOptions): SeenSettings {
  try {
    const { warnings } = loadConfig(sources, false);
    return { mistakes: [], warnings };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error;
  }
}

/** Null: it takes longer. */
async function inTime<T>(work: Promise<T>): Promise<T | null> {
  const late = new Promise<null>((resolve) => {
    AbortSignal.timeout(DISK_MS).addEventListener('abort', () => resolve(null));
  });
  return Promise.race([work, late]);
}
