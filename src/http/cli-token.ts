import { randomBytes } from 'node:crypto';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { realPath } from '../real-path.ts';

/**
 * Where, beside the database and named after it, `serve` leaves a token for the command line of this machine.
 * @throws as `realPath`
 */
export function cliTokenPath(databasePath: string): string {
  return `${realPath(databasePath)}.cli-token`;
}

export interface CliToken {
  readonly token: string;
  /** Writes the file anew, readable by its owner alone. @throws as `fs.writeFileSync` */
  write(): void;
  /** Leaves alone what another process has written there. @throws as `fs.rmSync` */
  remove(): void;
}

/** A new token for this run of the service. */
export function createCliToken(databasePath: string): CliToken {
  const path = cliTokenPath(databasePath);
  const token = randomBytes(32).toString('base64url');
  const content = `${token}\n`;
  return {
    token,
    write() {
      rmSync(path, { force: true }); // a file that is there keeps its mode, whatever that is
      writeFileSync(path, content, { mode: 0o600, flag: 'wx' });
    },
    remove() {
      if (read(path) === content) rmSync(path, { force: true });
    },
  };
}

function read(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}
