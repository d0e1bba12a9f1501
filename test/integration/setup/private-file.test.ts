import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { modeOf, writePrivateFile } from '../../../src/setup/private-file.ts';
import { createWorkDir } from '../../helpers/process.ts';

const read = (path: string) => readFileSync(path, 'utf8');

describe('a private file', () => {
  it.each([
    ['that is new', null],
    ['that everybody could read', 0o644],
    ['that everybody could write', 0o666],
    ['that its group could read', 0o640],
    ['that its owner could not write', 0o400],
  ])('%s is open to its owner alone, whatever the umask', (_, mode) => {
    const path = join(createWorkDir(), '.env');
    if (mode !== null) {
      writeFileSync(path, 'old');
      chmodSync(path, mode);
    }
    const umask = process.umask(0o000);
    try {
      writePrivateFile(path, 'new');
    } finally {
      process.umask(umask);
    }
    expect([modeOf(path), read(path)]).toEqual([0o600, 'new']);
  });

  it('is replaced as a whole: whoever has the old one open goes on reading that, and no other file is left', () => {
    const directory = createWorkDir();
    const path = join(directory, '.env');
    writeFileSync(path, 'old');
    const before = statSync(path).ino;
    writePrivateFile(path, 'new');
    expect(statSync(path).ino).not.toBe(before);
    expect(readdirSync(directory)).toEqual(['.env']);
  });

  it('keeps its owner', () => {
    const path = join(createWorkDir(), '.env');
    writeFileSync(path, 'old');
    const { uid, gid } = statSync(path);
    writePrivateFile(path, 'new');
    expect(statSync(path)).toMatchObject({ uid, gid });
  });
});

describe('a symbolic link', () => {
  it.each([
    ['relative', 'real/settings'],
    ['relative and dangling', 'real/none'],
  ])('that is %s stays, and what it leads to is written', (_, target) => {
    const directory = createWorkDir();
    mkdirSync(join(directory, 'real'));
    writeFileSync(join(directory, 'real/settings'), 'old', { mode: 0o644 });
    symlinkSync(target, join(directory, '.env'));
    writePrivateFile(join(directory, '.env'), 'new');
    expect(readlinkSync(join(directory, '.env'))).toBe(target);
    expect(lstatSync(join(directory, target)).isFile()).toBe(true);
    expect([modeOf(join(directory, target)), read(join(directory, target))]).toEqual([0o600, 'new']);
    expect(readdirSync(directory).toSorted()).toEqual(['.env', 'real']);
  });

  it('is followed from where it really is, not from where it was named', () => {
    const directory = createWorkDir();
    mkdirSync(join(directory, 'a/b'), { recursive: true });
    symlinkSync('a/b', join(directory, 'short'));
    symlinkSync('../settings', join(directory, 'a/b/.env'));
    writePrivateFile(join(directory, 'short/.env'), 'new');
    expect(read(join(directory, 'a/settings'))).toBe('new');
  });

  it('in a circle is refused', () => {
    const directory = createWorkDir();
    symlinkSync('b', join(directory, 'a'));
    symlinkSync('a', join(directory, 'b'));
    expect(() => writePrivateFile(join(directory, 'a'), 'new')).toThrow(
      expect.objectContaining({ code: 'ELOOP' }),
    );
  });
});

describe('a file that can’t be written', () => {
  it('is as it was, and nothing is left beside it', () => {
    const directory = createWorkDir();
    mkdirSync(join(directory, '.env'));
    expect(() => writePrivateFile(join(directory, '.env'), 'new')).toThrow(
      expect.objectContaining({ code: 'EISDIR' }),
    );
    const inNowhere = join(directory, 'none/.env');
    expect(() => writePrivateFile(inNowhere, 'new')).toThrow(expect.objectContaining({ code: 'ENOENT' }));
    expect(readdirSync(directory)).toEqual(['.env']);
  });
});
