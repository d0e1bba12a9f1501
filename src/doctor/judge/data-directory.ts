import { type DiskSpace, isDiskFull, isDiskLow, spaceInWords } from '../../status/problems/disk.ts';
import { type Finding, fine, found } from '../finding.ts';

export interface SeenDirectory {
  readonly path: string;
  /** False: the first start makes it. */
  readonly exists: boolean;
  /** Why files can't be made in it (or, while it isn't there, in what is to hold it): a system code; null: they can. */
  readonly writeFault: string | null;
  /** The kind of file system, in words of the system such as `ext4`; null: unknown. */
  readonly fileSystem: string | null;
  /** Null: unknown. */
  readonly space: DiskSpace | null;
}

/** Where other machines may write too, and locks don't hold: SQLite's log is damaged there sooner or later. */
const NETWORK =
  /^(nfs\d?|cifs|smb\d?|smbfs|ncpfs|afs|9p|virtiofs|vboxsf|prl_fs|ceph|glusterfs|lustre|fuse\.(sshfs|glusterfs|s3fs|rclone|gvfsd-fuse|osxfs|grpcfuse))$/;
/** Gone with the machine's memory, or with the container. */
const FLEETING: ReadonlyMap<string, string> = new Map([
  ['tmpfs', 'memory, which a restart of the machine empties'],
  ['ramfs', 'memory, which a restart of the machine empties'],
  ['overlay', "a container's own layer, which is gone with the container"],
]);

export function judgeDataDirectory(seen: SeenDirectory): Finding {
  const { path, exists, writeFault, fileSystem, space } = seen;
  const details = { path, fileSystem, freeBytes: space?.freeBytes ?? null };
  if (writeFault !== null) {
    return found(
      'data_directory_unwritable',
      `No file can be made in ${path} (${writeFault}).`,
      `Give it to the user of the service: \`chown -R USER ${path} && chmod 700 ${path}\`; or name another place in DATABASE_URL. On a read-only mount, mount it writable.`,
      details,
    );
  }
  if (fileSystem !== null && NETWORK.test(fileSystem)) {
    return found(
      'data_on_network_disk',
      `${path} is on a ${fileSystem} file system, where SQLite's locks and log can't be relied on: the database would be damaged sooner or later.`,
      'Stop the service, move the directory to a local disk, name it in DATABASE_URL, and start again. In Docker use a named volume.',
      details,
    );
  }
  return judgeSpace(seen, details) ?? judgeFleeting(seen, details) ?? allRight();

  function allRight(): Finding {
    const state = exists ? 'can be written' : "isn't there yet; the first start makes it";
    const left = space === null ? '' : `, ${roughly(space)} are free`;
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
    `Only ${spaceInWords(space)} are free on the disk of ${path}; ${what}.`,
    `Free some space or enlarge the disk; \`du -xh --max-depth=2 / | sort -h | tail\` shows what takes it. The service goes on by itself.`,
    details,
  );
}

function judgeFleeting({ path, fileSystem }: SeenDirectory, details: Finding['details']): Finding | null {
  const where = FLEETING.get(fileSystem ?? '');
  if (where === undefined) return null;
  return found(
    'data_not_kept',
    `${path} is in ${where}; what the service knows would be lost with it.`,
    'Keep the database on a disk: in Docker mount a named volume there (`-v reactor-data:/data`), elsewhere name another place in DATABASE_URL.',
    details,
  );
}

const GIB = 1024 ** 3;

/** `74 GiB`; below ten of them as exactly as a warning tells it. */
const roughly = (space: DiskSpace) =>
  space.freeBytes < 10 * GIB ? spaceInWords(space) : `${Math.floor(space.freeBytes / GIB)} GiB`;
