import { type ChildProcess, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import {
  createPostgresServer,
  end,
  OWNER,
  POOLER,
  type PostgresServer,
  untilSaid,
} from './postgres-server.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** A database of the cluster that the run has for itself. */
    readonly postgresUrl: string;
    /** The same through PgBouncer in transaction mode. */
    readonly poolerUrl: string;
  }
}

/** Starts a server for the run, and a pooler before it. */
export default async function startCluster(project: TestProject): Promise<() => Promise<void>> {
  const server = createPostgresServer({ settings: { max_connections: 200 } });
  await server.start();
  project.provide('postgresUrl', server.url);
  const pooler = await startPooler(server);
  const { directory } = server;
  project.provide(
    'poolerUrl',
    `postgres://localhost:${POOLER_PORT}/postgres?host=${directory}&user=${OWNER}`,
  );
  return async () => {
    await end(pooler);
    await server.remove();
  };
}

/** Names a socket; nothing listens on the network. */
const POOLER_PORT = 6432;

/** Hands out a connection for each transaction, so that no two of a store need have the same. */
async function startPooler({ directory, options }: PostgresServer): Promise<ChildProcess> {
  const settings = {
    listen_port: POOLER_PORT,
    unix_socket_dir: directory,
    auth_type: 'any',
    pool_mode: 'transaction',
    default_pool_size: 3,
    max_client_conn: 200,
    admin_users: OWNER,
    server_check_query: '',
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name} = ${value}`);
  const config = join(directory, 'pgbouncer.ini');
  writeFileSync(
    config,
    ['[databases]', `* = host=${directory} user=${OWNER}`, '[pgbouncer]', ...lines, ''].join('\n'),
  );
  const pooler = spawn(POOLER, [config], { ...options, stdio: ['ignore', 'ignore', 'pipe'] });
  await untilSaid(pooler, 'process up');
  return pooler;
}
