import type { StoreFault } from '../../errors.ts';
import { type DiskSpace, isDiskFull, isDiskLow } from '../../status/problems/signs.ts';
import { bytesInWords, quoteForShell } from '../../status/view/wording.ts';
import { type Finding, fine, found } from '../finding.ts';

/** @param advice what to do about this Node.js, or null */
export function judgeNode(version: string, advice: string | null): Finding {
  if (advice === null) return fine('node', `${version} is supported.`, { version });
  return found(
    'node_too_old',
    advice,
    'Install Node.js 22 (https://nodejs.org/en/download), then run `npm ci` again in the program’s directory.',
    { version },
  );
}

/** @param advice what to do about the native module, or null when it loads */
export function judgeNativeModule(advice: string | null): Finding {
  if (advice === null) return fine('native_module', 'It loads and opens a database.');
  return found(
    'native_module_unusable',
    'SQLite’s native module doesn’t load, so neither the service nor a backup can work.',
    advice,
  );
}

/** The result of reading all settings; one sentence each, never with a secret in it. */
export interface SeenSettings {
  readonly mistakes: readonly string[];
  readonly warnings: readonly string[];
}

const SEE_ALL = '`contact-card-reactor config show` prints every setting and where it comes from.';

export function judgeSettings({ mistakes, warnings }: SeenSettings): Finding {
  const details = { mistakes, warnings };
  if (mistakes.length > 0) {
    const head = mistakes.length === 1 ? 'One setting is wrong' : `${mistakes.length} settings are wrong`;
    return found(
      'settings_wrong',
      listBelow(`${head}:`, [...mistakes, ...warnings]),
      `Correct each in .env or the environment, then restart the service. ${SEE_ALL}`,
      details,
    );
  }
  if (warnings.length > 0) {
    return found(
      'settings_odd',
      listBelow('All are valid, but:', warnings),
      `Correct or remove what is listed, then restart the service. ${SEE_ALL}`,
      details,
    );
  }
  return fine('settings', 'All are valid.', details);
}

const listBelow = (head: string, entries: readonly string[]) =>
  [head, ...entries.map((entry) => `- ${entry}`)].join('\n');

/** A file or directory that holds secrets or chats, as reported by the file system. */
export interface SeenFile {
  readonly path: string;
  /** Permission bits. */
  readonly mode: number;
  readonly isDirectory: boolean;
}

const GROUP = 0o070;
const OTHERS = 0o007;
const WRITABLE_BY_OTHERS = 0o022;
/** Prevents users from replacing each other's files, as in /tmp. */
const STICKY = 0o1000;

/** Only the service's user may access the secrets and the database, and no one else may replace them. */
export function judgeFileModes(seen: readonly SeenFile[]): readonly Finding[] {
  const files = seen.filter(({ isDirectory }) => !isDirectory);
  const toAll = files.filter(({ mode }) => (mode & OTHERS) !== 0);
  const toGroup = files.filter(({ mode }) => (mode & OTHERS) === 0 && (mode & GROUP) !== 0);
  const directories = seen.filter(
    ({ isDirectory, mode }) => isDirectory && (mode & WRITABLE_BY_OTHERS) !== 0 && (mode & STICKY) === 0,
  );
  const findings = [
    ...complain('files_open_to_all', toAll, 'Every user of this machine can read or change', '600'),
    ...complain('files_open_to_group', toGroup, 'Every member of the group can read or change', '600'),
    ...complain('directory_open_to_others', directories, 'Other users can replace the files in', 'go-w'),
  ];
  if (findings.length > 0) return findings;
  return [
    files.length === 0
      ? fine('file_modes', 'The service has no files yet.')
      : fine('file_modes', `Only the owner can read the secrets and the database (${count(files)}).`),
  ];
}

const count = (files: readonly SeenFile[]) => (files.length === 1 ? '1 file' : `${files.length} files`);

function complain(
  code: 'files_open_to_all' | 'files_open_to_group' | 'directory_open_to_others',
  bad: readonly SeenFile[],
  who: string,
  mode: string,
): Finding[] {
  if (bad.length === 0) return [];
  const paths = bad.map(({ path }) => path);
  return [
    found(code, `${who} ${paths.join(', ')}.`, `Run \`chmod ${mode} ${paths.map(quote).join(' ')}\`.`, {
      files: bad.map((file) => ({
        path: file.path,
        mode: (file.mode & 0o7777).toString(8).padStart(4, '0'),
      })),
    }),
  ];
}

const quote = (path: string) => (/^[\w./+@:-]+$/.test(path) ? path : quoteForShell(path));

export interface SeenDirectory {
  readonly path: string;
  /** False: the first start creates it. */
  readonly exists: boolean;
  /** The system's code for why files can't be created in it (or in its nearest existing parent); null: they can. */
  readonly writeFault: string | null;
  /** The type of file system as the system calls it, such as `ext4`; null: unknown. */
  readonly fileSystem: string | null;
  /** Null: unknown. */
  readonly space: DiskSpace | null;
}

/** Other machines may write here too, and locks don't work: SQLite's log will eventually be corrupted. */
const NETWORK =
  /^(nfs\d?|cifs|smb\d?|smbfs|ncpfs|afs|9p|virtiofs|vboxsf|prl_fs|ceph|glusterfs|lustre|fuse\.(sshfs|glusterfs|s3fs|rclone|gvfsd-fuse|osxfs|grpcfuse))$/;
/** Lost when the machine restarts, or with the container. */
const FLEETING: ReadonlyMap<string, string> = new Map([
  ['tmpfs', 'memory, which is lost when the machine restarts'],
  ['ramfs', 'memory, which is lost when the machine restarts'],
  ['overlay', 'a container’s own layer, which is lost when the container is removed'],
]);

export function judgeDataDirectory(seen: SeenDirectory): Finding {
  const { path, exists, writeFault, fileSystem, space } = seen;
  const details = { path, fileSystem, freeBytes: space?.freeBytes ?? null };
  if (writeFault !== null) {
    return found(
      'data_directory_unwritable',
      `Files can’t be created in ${path} (${writeFault}).`,
      `Make the service’s user its owner: \`chown -R USER ${path} && chmod 700 ${path}\`; or choose another place in DATABASE_URL. If the mount is read-only, remount it writable.`,
      details,
    );
  }
  if (fileSystem !== null && NETWORK.test(fileSystem)) {
    return found(
      'data_on_network_disk',
      `${path} is on a ${fileSystem} file system, where SQLite’s locks and log are unreliable: sooner or later the database would be damaged.`,
      'Stop the service, move the directory to a local disk, set DATABASE_URL to the new place, and start it again. In Docker, use a named volume.',
      details,
    );
  }
  return judgeSpace(seen, details) ?? judgeFleeting(seen, details) ?? allRight();

  function allRight(): Finding {
    const state = exists ? 'is writable' : 'doesn’t exist yet; the first start creates it';
    const left = space === null ? '' : `, ${bytesInWords(space.freeBytes)} free`;
    return fine('data_directory', `${path} ${state}${left}.`, details);
  }
}

function judgeSpace({ path, space }: SeenDirectory, details: Finding['details']): Finding | null {
  if (space === null || !isDiskLow(space)) return null;
  const isFull = isDiskFull(space);
  const what = isFull
    ? 'deliveries are answered 503 and nothing is shared'
    : 'once it is full, deliveries are answered 503 and nothing is shared';
  return found(
    isFull ? 'disk_full' : 'disk_low',
    `Only ${bytesInWords(space.freeBytes)} left on the disk of ${path}; ${what}.`,
    `Free some space or enlarge the disk; \`du -xh --max-depth=2 / | sort -h | tail\` shows what uses it. The service resumes automatically.`,
    details,
  );
}

function judgeFleeting({ path, fileSystem }: SeenDirectory, details: Finding['details']): Finding | null {
  const where = FLEETING.get(fileSystem ?? '');
  if (where === undefined) return null;
  return found(
    'data_not_kept',
    `${path} is in ${where}; the database would be lost with it.`,
    'Keep the database on a disk: in Docker, mount a named volume there (`-v reactor-data:/data`); elsewhere, set DATABASE_URL to another place.',
    details,
  );
}

/** The result of checking the database. */
export type SeenDatabase =
  | { readonly kind: 'none' }
  /** Unusable; `message` is a sentence that says what to do. */
  | { readonly kind: 'failed'; readonly fault: StoreFault; readonly message: string }
  | { readonly kind: 'newer' }
  | {
      readonly kind: 'read';
      readonly schemaVersion: number;
      readonly latest: number;
      readonly pending: readonly string[];
      /** `ok`, SQLite's complaint, or null: it took too long or couldn't be run. */
      readonly quickCheck: string | null;
    };

/** @param isInUse a process has it open */
export function judgeDatabase(path: string, seen: SeenDatabase, isInUse: boolean): Finding {
  const details = { path, ...(seen.kind === 'read' ? { ...seen, kind: undefined } : {}), isInUse };
  switch (seen.kind) {
    case 'none':
      return fine('database', `${path} doesn’t exist yet; the first start creates it.`, details);
    case 'failed':
      return judgeFault(path, seen.fault, seen.message);
    case 'newer':
      return found(
        'database_newer',
        `${path} was written by a newer version of this program. Nothing was changed.`,
        'Run the newer version, or restore a backup of the older one: `contact-card-reactor restore FILE`.',
        details,
      );
    case 'read':
      return judgeContent(path, seen, isInUse, details);
  }
}

function judgeFault(path: string, fault: StoreFault, message: string): Finding {
  if (fault === 'corrupt') return damaged(path, message);
  if (fault === 'broken') {
    return found(
      'database_foreign',
      `${path} can’t be used: ${message}.`,
      'Set DATABASE_URL to a file that no other program uses, for example DATABASE_URL=file:./data/reactor.db.',
    );
  }
  return found(
    'database_unreadable',
    `${path} can’t be read: ${message}.`,
    `Run doctor as the service’s user. If you did, make that user the owner of the file: \`chown USER ${path}\`.`,
    { fault },
  );
}

function damaged(path: string, message: string): Finding {
  return found(
    'database_damaged',
    `${path} is damaged: ${message}.`,
    'Stop the service, keep a copy of the whole directory, run `contact-card-reactor restore FILE` with the newest backup, and start the service.',
  );
}

type Content = Extract<SeenDatabase, { kind: 'read' }>;

function judgeContent(
  path: string,
  { schemaVersion, latest, pending, quickCheck }: Content,
  isInUse: boolean,
  details: Finding['details'],
): Finding {
  if (quickCheck !== null && quickCheck !== 'ok') return damaged(path, quickCheck);
  if (pending.length > 0) {
    return found(
      'database_pending',
      `${path} has schema ${schemaVersion}; this version of the program needs ${latest}.`,
      isInUse
        ? 'An older version is still running: restart the service. It copies the database first.'
        : 'Start the service, or run `contact-card-reactor migrate`; both copy the database first.',
      details,
    );
  }
  const use = isInUse ? ' A running service uses it.' : '';
  if (quickCheck === null) {
    return found(
      'database_unchecked',
      `${path} has schema ${latest}; the integrity check didn’t finish in time.${use}`,
      'Run `contact-card-reactor backup`: it checks every row of the copy, without a time limit.',
      details,
    );
  }
  return fine('database', `${path} passes SQLite’s quick_check, schema ${latest}.${use}`, details);
}
