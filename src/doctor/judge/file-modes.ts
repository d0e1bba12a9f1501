import { type Finding, fine, found } from '../finding.ts';

/** A file or directory that holds secrets or chats, as the file system describes it. */
export interface SeenFile {
  readonly path: string;
  /** Permission bits. */
  readonly mode: number;
  readonly isDirectory: boolean;
}

const GROUP = 0o070;
const OTHERS = 0o007;
const WRITABLE_BY_OTHERS = 0o022;
/** With it, nobody can replace another user's files: as in /tmp. */
const STICKY = 0o1000;

/** The secrets and the database are for the service's user alone; nobody else may put a file in their place. */
export function judgeFileModes(seen: readonly SeenFile[]): readonly Finding[] {
  const files = seen.filter(({ isDirectory }) => !isDirectory);
  const toAll = files.filter(({ mode }) => (mode & OTHERS) !== 0);
  const toGroup = files.filter(({ mode }) => (mode & OTHERS) === 0 && (mode & GROUP) !== 0);
  const directories = seen.filter(
    ({ isDirectory, mode }) => isDirectory && (mode & WRITABLE_BY_OTHERS) !== 0 && (mode & STICKY) === 0,
  );
  const findings = [
    ...complain('files_open_to_all', toAll, 'Every user of this machine can read or change', '600'),
    ...complain('files_open_to_group', toGroup, 'A whole group can read or change', '600'),
    ...complain('directory_open_to_others', directories, 'Other users can replace the files in', 'go-w'),
  ];
  if (findings.length > 0) return findings;
  return [
    files.length === 0
      ? fine('file_modes', 'There are no files of the service yet.')
      : fine('file_modes', `Secrets and database (${count(files)}) are open to their owner alone.`),
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

/** For a POSIX shell. */
const quote = (path: string) => (/^[\w./+@:-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`);
