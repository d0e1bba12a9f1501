import { once } from 'node:events';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { DATABASE_PATH } from '../../helpers/database.ts';
import { digestOf } from '../../helpers/digest.ts';
import { createWorkDir, type Settings } from '../../helpers/process.ts';
import { startService } from '../../helpers/service.ts';
import { runVerbHere } from '../../helpers/verb-here.ts';

/** Runs `serve`, which can't start. */
const serve = (directory: string, settings: Settings = {}) =>
  runVerbHere(directory, ['serve'], { PORT: '0', LOG_LEVEL: 'silent', ...settings });

describe('a start that cannot succeed says why in a sentence and ends with 1', () => {
  it('when the port is taken; the database is free again', async () => {
    const directory = createWorkDir();
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    onTestFinished(() => void other.close());
    const { port } = other.address() as AddressInfo;
    expect(await serve(directory, { PORT: `${port}` })).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(
        new RegExp(`^Port ${port} is used by another program.*set another PORT.*\n$`),
      ),
    });
    expect(existsSync(join(directory, 'data/reactor.db.cli-token'))).toBe(false);
    await startService(directory);
  });

  it('when the machine has no such address', async () => {
    expect(await serve(createWorkDir(), { HOST: '192.0.2.1' })).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^.*HOST.*\n$/),
    });
  });

  it('when the file is no database; it stays as it was', async () => {
    const directory = createWorkDir();
    const path = join(directory, DATABASE_PATH);
    mkdirSync(join(directory, 'data'));
    writeFileSync(path, 'These are the minutes of our last meeting.\n'.repeat(100));
    const before = digestOf(path);
    expect(await serve(directory)).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^.*database.*(damaged|restore).*\n$/),
    });
    expect(digestOf(path)).toBe(before);
  });
});

describe('a database that can’t be', () => {
  it.each([
    [
      'file:note/reactor.db',
      /^Can’t use the database note\/reactor\.db: \S+note isn’t a directory; .*DATABASE_URL.*\.\n$/,
    ],
    ['file:place', /^Can’t use the database place: \S*place is a directory; .*DATABASE_URL.*\.\n$/],
  ])('at %s is one sentence', async (DATABASE_URL, sentence) => {
    const directory = createWorkDir();
    writeFileSync(join(directory, 'note'), '');
    mkdirSync(join(directory, 'place'));
    const { code, stderr } = await serve(directory, { DATABASE_URL });
    expect(code).toBe(1);
    expect(stderr).toMatch(sentence);
  });

  it('for want of a token beside it is one sentence', async () => {
    const directory = createWorkDir();
    mkdirSync(join(directory, 'data/reactor.db.cli-token'), { recursive: true });
    const { code, stderr } = await serve(directory);
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /^Can’t write \S+\/data\/reactor\.db\.cli-token \(ERR_FS_EISDIR\): check its owner, mode and type\.\n$/,
    );
  });
});
