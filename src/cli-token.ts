import { randomBytes } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Where, beside the database, `serve` leaves a token for the command line of this machine. */
export function cliTokenPath(databasePath: string): string {
  return join(dirname(databasePath), 'cli-token');
}

export interface CliToken {
  readonly token: string;
  /** Writes the file anew, readable by its owner alone. @throws as `fs.writeFileSync` */
  write(): void;
  remove(): void;
}

/** A new token for this run of the service. */
export function createCliToken(databasePath: string): CliToken {
  const path = cliTokenPath(databasePath);
  const token = randomBytes(32).toString('base64url');
  const remove = () => rmSync(path, { force: true });
  return {
    token,
    write() {
      remove(); // a file that is there keeps its mode, whatever that is
      writeFileSync(path, `${token}\n`, { mode: 0o600, flag: 'wx' });
    },
    remove,
  };
}
