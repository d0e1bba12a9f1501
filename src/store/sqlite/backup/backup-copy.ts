import { fork } from 'node:child_process';
import { basename, dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { StoreError } from '../../../errors.ts';
import { toStoreError } from '../faults.ts';

/** What is in a copy. */
export interface CopyContent {
  readonly chats: number;
  /** Number of the newest migration applied. */
  readonly schemaVersion: number;
  readonly sizeBytes: number;
}

/** What the copying process tells, once, before it ends. */
export type CopyMessage =
  | ({ readonly kind: 'copied' } & CopyContent)
  /** The copy fails SQLite's check. */
  | { readonly kind: 'damaged'; readonly finding: string }
  /** It has none of our tables. */
  | { readonly kind: 'foreign' }
  | { readonly kind: 'failed'; readonly code: string; readonly message: string };

const SCRIPT = fileURLToPath(new URL('./backup-process.js', import.meta.url));

/**
 * Copies one moment of a database, which may be in use, into a file that is there and empty; checks the copy, and forces
 * it to the disk. This process goes on meanwhile.
 * @param signal ends the copying at once; what it wrote is worth nothing then
 * @throws {StoreError} that names the file at fault
 */
export async function copyDatabase(
  source: string,
  target: string,
  signal: AbortSignal,
): Promise<CopyContent> {
  const message = await runCopy(source, target, signal);
  switch (message.kind) {
    case 'copied': {
      const { chats, schemaVersion, sizeBytes } = message;
      return { chats, schemaVersion, sizeBytes };
    }
    case 'damaged':
      throw new StoreError(
        'corrupt',
        `${source} is damaged: its copy fails SQLite's check (${oneLine(message.finding)})`,
      );
    case 'foreign':
      throw new StoreError('broken', `${source} is no database of contact-card-reactor`);
    case 'failed':
      throw copyError(message, source, target);
  }
}

function runCopy(source: string, target: string, signal: AbortSignal): Promise<CopyMessage> {
  return new Promise((resolve, reject) => {
    // neither our secrets nor our start options are any business of a copy
    const child = fork(SCRIPT, [source, target], {
      execArgv: [],
      env: {},
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      signal,
      killSignal: 'SIGKILL',
    });
    let told: CopyMessage | null = null;
    let aborted: unknown = null;
    child.once('message', (message: CopyMessage) => {
      told = message;
    });
    child.once('error', (error) => {
      aborted = error;
      if (child.pid === undefined) reject(error); // it couldn't be started
    });
    child.once('exit', (code, killedBy) => {
      if (told !== null && aborted === null) resolve(told);
      else
        reject(aborted ?? new StoreError('broken', `the copying process ended early (${killedBy ?? code})`));
    });
  });
}

function copyError(
  { code, message }: { code: string; message: string },
  source: string,
  target: string,
): StoreError {
  const cause = Object.assign(new Error(message), { code });
  const { fault } = toStoreError(cause);
  const said = `${code === '' ? 'unknown' : code}: ${oneLine(message)}`;
  switch (fault) {
    case 'full':
      return new StoreError('full', `no space is left for the copy in ${dirname(target)} (${said})`, {
        cause,
      });
    case 'corrupt':
      return new StoreError('corrupt', `${source} is damaged or no database (${said})`, { cause });
    default:
      return new StoreError(
        fault,
        `${basename(source)} couldn't be copied into ${dirname(target)}; check owner, mode and mount of both (${said})`,
        { cause },
      );
  }
}

const oneLine = (text: string) => text.replaceAll(/\s+/g, ' ');
