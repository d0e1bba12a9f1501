import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { onTestFinished } from 'vitest';

export interface Volume {
  /** Gives it another size; what is on it stays. */
  readonly resize: (mebibytes: number) => void;
  /** For everybody, root included; nobody may write to it at that moment. */
  readonly setReadOnly: (isReadOnly: boolean) => void;
}

/**
 * Mounts a small file system of its own in memory, until the test has finished.
 * @throws when this user may not mount: be root, or run the tests under `unshare --map-root-user --mount`
 */
export function mountVolume(directory: string, mebibytes: number): Volume {
  mkdirSync(directory, { recursive: true });
  mount(['-t', 'tmpfs', '-o', `size=${mebibytes}m,mode=0700`, 'reactor-test', directory]);
  onTestFinished(() => void execFileSync('umount', ['--lazy', directory]));
  return {
    resize: (to) => mount(['-o', `remount,size=${to}m`, directory]),
    setReadOnly: (isReadOnly) => mount(['-o', `remount,${isReadOnly ? 'ro' : 'rw'}`, directory]),
  };
}

/**
 * Lays a file over another path, there to be read only or written too, whatever else may be written around it.
 * @returns takes it away again
 */
export function mountFile(file: string, over: string, mode: 'ro' | 'rw'): () => void {
  mount(['--bind', file, over]);
  mount(['-o', `remount,bind,${mode}`, over]);
  let isThere = true;
  const remove = () => {
    if (isThere) execFileSync('umount', [over]);
    isThere = false;
  };
  onTestFinished(remove);
  return remove;
}

function mount(options: readonly string[]): void {
  try {
    execFileSync('mount', options, { stdio: 'pipe' });
  } catch (cause) {
    const hint = 'mounting needs root, or: unshare --map-root-user --mount npm run test:faults';
    throw new Error(hint, { cause });
  }
}
