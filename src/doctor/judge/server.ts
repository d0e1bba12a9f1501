import { MINUTE, SECOND } from '../../decide/time.ts';
import type { StoreFault } from '../../errors.ts';
import { durationInWords } from '../../status/view/wording.ts';
import type { ServerState } from '../../store/postgres/examine.ts';
import { type Finding, fine, found, skipped } from '../finding.ts';

/** The result of looking at a PostgreSQL database. */
export type SeenServer =
  | { readonly kind: 'seen'; readonly state: ServerState }
  /** `message` is a sentence that says what to do. */
  | { readonly kind: 'failed'; readonly fault: StoreFault; readonly message: string };

/** Whether it can be used, and has the tables. @param database its address, without a password */
export function judgeTables(database: string, seen: SeenServer): Finding {
  if (seen.kind === 'failed') return judgeFailure(database, seen);
  const { migrations, version, mayUseSchema } = seen.state;
  if (migrations === null)
    return skipped(
      'database',
      `${database} answers (PostgreSQL ${version}), but its user may not read the tables.`,
    );
  const { state, schemaVersion, latest, pending } = migrations;
  const details = { database, version, schemaVersion, latest, pending };
  if (state === 'newer') {
    return found(
      'database_newer',
      `${database} was migrated by a newer version of this program, beside which this one can’t run. Nothing was changed.`,
      'Run the newer version; or go back to an older backup with the tools of PostgreSQL, then run `contact-card-reactor restore --mark`.',
      details,
    );
  }
  if (state === 'pending' && mayUseSchema !== null) {
    return found(
      'database_pending',
      `${database} has schema ${schemaVersion}; this version of the program needs ${latest}.`,
      'Start the service, or run `contact-card-reactor migrate` as the user who owns the tables.',
      details,
    );
  }
  const tables =
    state === 'pending' ? 'has no tables yet; the first start creates them' : `has schema ${latest}`;
  return fine('database', `${database} answers (PostgreSQL ${version}) and ${tables}.`, details);
}

function judgeFailure(
  database: string,
  { fault, message }: Extract<SeenServer, { kind: 'failed' }>,
): Finding {
  const code =
    fault === 'denied' ? 'database_denied' : fault === 'broken' ? 'database_foreign' : 'database_unreachable';
  const remedy =
    code === 'database_denied'
      ? 'Correct that in DATABASE_URL or on the server, then run doctor again. At its start the service ends with the same sentence.'
      : 'Correct that, then run doctor again. The service waits for the database, and answers deliveries with 503 meanwhile.';
  return found(code, `${database} can’t be used: ${message}.`, remedy, { database, fault });
}

/** Older ones aren't maintained any more. */
const OLDEST_SERVER = 140_000;
const LONG_SECONDS = 15 * 60;
const CLOCKS_DIFFER_MS = 5 * SECOND;

const POOLERS: Readonly<Record<ServerState['pooler'], string>> = {
  none: 'no pooler in between',
  session: 'a pooler in between that keeps a connection for each client',
  transaction: 'a pooler in between that hands out connections by transactions, which is fine',
};

/** @param schema of the tables */
export function judgeServer(schema: string, state: ServerState): readonly Finding[] {
  const findings = [
    judgeVersion(state),
    judgePrivileges(schema, state),
    judgeDurability(state),
    judgeConnection(state),
    judgeClocks(state),
    judgeTransactions(state),
  ].filter((finding) => finding !== null);
  if (findings.length > 0) return findings;
  const { version, pooler, synchronousCommit } = state;
  return [
    fine(
      'database_server',
      `Privileges, clock and durability are right (synchronous_commit=${synchronousCommit}); ${POOLERS[pooler]}.`,
      { version, pooler, synchronousCommit },
    ),
  ];
}

function judgeVersion({ versionNumber, version }: ServerState): Finding | null {
  if (versionNumber >= OLDEST_SERVER) return null;
  return found(
    'server_too_old',
    `The server is PostgreSQL ${version}; the service needs 14 or newer.`,
    'Upgrade the server, or choose another one in DATABASE_URL.',
    { version },
  );
}

const quoted = (name: string) => (/^[a-z_][a-z0-9_]*$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`);

function judgePrivileges(
  schema: string,
  { user, mayUseSchema, mayCreateSchema, forbidden }: ServerState,
): Finding | null {
  const details = { user, schema, forbidden };
  if (mayUseSchema === null) {
    if (mayCreateSchema) return null;
    return found(
      'privileges_missing',
      `The schema ${schema} doesn’t exist, and the user ${user} may not create it.`,
      `Run \`contact-card-reactor migrate\` as a user who may, then grant ${user} the use of it: \`${grantsTo(schema, user)}\`. Or grant CREATE on the database.`,
      details,
    );
  }
  if (mayUseSchema && forbidden.length === 0) return null;
  const what = mayUseSchema
    ? `everything in the schema ${schema} (${forbidden.join(', ')})`
    : `the schema ${schema}`;
  return found(
    'privileges_missing',
    `The user ${user} may not use ${what}.`,
    `As the user who owns the tables, run \`${grantsTo(schema, user)}\`.`,
    details,
  );
}

/** What the service's user needs, now and after later migrations. */
function grantsTo(schema: string, user: string): string {
  const to = `TO ${quoted(user)};`;
  const within = `IN SCHEMA ${quoted(schema)}`;
  const rows = 'SELECT, INSERT, UPDATE, DELETE';
  return [
    `GRANT USAGE ON SCHEMA ${quoted(schema)} ${to}`,
    `GRANT ${rows} ON ALL TABLES ${within} ${to}`,
    `GRANT USAGE ON ALL SEQUENCES ${within} ${to}`,
    `ALTER DEFAULT PRIVILEGES ${within} GRANT ${rows} ON TABLES ${to}`,
    `ALTER DEFAULT PRIVILEGES ${within} GRANT USAGE ON SEQUENCES ${to}`,
  ].join(' ');
}

function judgeDurability({ synchronousCommit, fsync }: ServerState): Finding | null {
  const details = { synchronousCommit, fsync };
  if (!fsync || synchronousCommit === 'off') {
    const name = fsync ? 'synchronous_commit' : 'fsync';
    return found(
      'durability_off',
      `${name} is off, so a crash of the server could lose what was answered 204. The service doesn’t start like this.`,
      `Turn ${name} on: \`ALTER ${fsync ? 'ROLE … SET synchronous_commit = on' : 'SYSTEM SET fsync = on'}\`, or where it was turned off.`,
      details,
    );
  }
  if (synchronousCommit !== 'local') return null;
  return found(
    'durability_local',
    'synchronous_commit is local: a failover may lose the last moments, and deliveries in them that were answered 204.',
    'If the standby is synchronous, set synchronous_commit to on for this database; otherwise on and local mean the same.',
    details,
  );
}

function judgeConnection({ tls, isLocal }: ServerState): Finding | null {
  if (isLocal || tls === 'checked') return null;
  const isPlain = tls === 'none';
  return found(
    'connection_unsafe',
    isPlain
      ? 'The connection to the server is not encrypted (sslmode=disable).'
      : 'The server’s certificate is not checked (sslmode=require), so another server could take its place.',
    'Unless the network between is safe, remove sslmode from DATABASE_URL; if the authority of the certificate is your own, name its file with sslrootcert.',
    { tls },
  );
}

function judgeClocks({ clockAheadMs }: ServerState): Finding | null {
  if (Math.abs(clockAheadMs) <= CLOCKS_DIFFER_MS) return null;
  const by = durationInWords(Math.abs(clockAheadMs));
  return found(
    'database_clock_differs',
    `The clock of the database server is ${by} ${clockAheadMs > 0 ? 'ahead of' : 'behind'} this machine’s. Windows are measured by the database’s, signatures by the machine’s.`,
    'Synchronise both with NTP; the check of the clock below says whether it is the machine’s that is wrong.',
    { clockAheadMs },
  );
}

function judgeTransactions({ oldestTransactionSeconds: seconds }: ServerState): Finding | null {
  if (seconds === null || seconds < LONG_SECONDS) return null;
  return found(
    'old_transaction',
    `A transaction has been open for ${durationInWords(seconds * SECOND)}. While it is, dead rows pile up and the service slows down.`,
    `End what left it open: \`SELECT pid, usename, application_name, state, xact_start FROM pg_stat_activity ORDER BY xact_start\` shows it, and \`SELECT pg_terminate_backend(PID)\` ends it. \`idle_in_transaction_session_timeout\` keeps it from coming back.`,
    { seconds: Math.round(seconds), limitSeconds: (15 * MINUTE) / SECOND },
  );
}
