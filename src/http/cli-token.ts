import { randomBytes } from 'node:crypto';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { realPath } from '../real-path.ts';

/**
 * The file beside the database, named after it, in which `serve` leaves a token for the command line on this
 * machine.
 * @throws what `realPath` throws
 */
export function cliTokenPath(databasePath: string): string {
  return `${realPath(databasePath)}.cli-token`;
}

export interface CliToken {
  readonly token: string;
  /** Replaces the file; only its owner can read it. @throws what `fs.writeFileSync` throws */
  write(): void;
  /** Deletes the file unless another process has written it. @throws what `fs.rmSync` throws */
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
      rmSync(path, { force: true }); // an existing file would keep its mode
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
