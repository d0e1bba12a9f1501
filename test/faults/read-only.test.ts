import { randomUUID } from 'node:crypto';
import { copyFileSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { differing, readImage } from '../helpers/crash-image.ts';
import { DATABASE_PATH, openStored } from '../helpers/database.ts';
import { deliver, message2026 } from '../helpers/deliver.ts';
import { createDiskShim } from '../helpers/disk-shim.ts';
import { createWorkDir, lastWords, launch, startReactor } from '../helpers/process.ts';
import { reportReached } from '../helpers/suite.ts';
import { mountFile, mountVolume, type Volume } from '../helpers/volume.ts';

const ENDED = { code: 1, signal: null };

interface Place {
  readonly directory: string;
  readonly path: string;
  readonly volume: Volume;
}

/** How the database, or what is around it, comes to be read only while the service is down; and how that ends. */
const PLACES: readonly { what: string; close: (place: Place) => () => void }[] = [
  {
    what: 'volume',
    close({ volume }) {
      volume.setReadOnly(true);
      return () => volume.setReadOnly(false);
    },
  },
  { what: 'file', close: ({ path }) => mountFile(path, path, 'ro') },
  {
    what: 'directory, around a file that may be written',
    close({ directory, path, volume }) {
      const outside = join(directory, 'outside.db');
      copyFileSync(path, outside);
      const uncover = mountFile(outside, path, 'rw');
      volume.setReadOnly(true);
      return () => {
        volume.setReadOnly(false);
        uncover();
      };
    },
  },
];

it.each(PLACES)(
  'a read-only $what: does not start, says what to look at, and changes nothing',
  async ({ close }) => {
    const directory = realpathSync(createWorkDir());
    const path = join(directory, DATABASE_PATH);
    const volume = mountVolume(dirname(path), 16);
    const chatId = randomUUID();
    const before = await startReactor(directory);
    expect((await deliver(before.url, message2026({ chatId }))).status).toBe(204);
    await before.end('SIGTERM');

    const image = readImage(directory);
    const open = close({ directory, path, volume });
    const refused = launch(directory);
    expect(await Promise.race([refused.exited, refused.listening.catch(() => refused.exited)])).toEqual(
      ENDED,
    );
    const said = lastWords(refused);
    expect(said).toMatch(/may not be read or written; check owner, mode and mount|Can’t write .*EROFS/);
    expect(said).toContain('data');
    open();
    expect(differing(readImage(directory), image)).toEqual([]);

    const after = await startReactor(directory);
    expect((await deliver(after.url, message2026())).status).toBe(204);
    await after.end('SIGTERM');
    const { chats, integrity, close: closeStored } = openStored(directory);
    expect([...chats.keys()]).toContain(chatId);
    expect(integrity()).toBe('ok');
    closeStored();
  },
);

it('a volume that the system makes read only under it: 503, then an end with 1, and nothing is lost', async () => {
  const directory = realpathSync(createWorkDir());
  const shim = createDiskShim(directory);
  const reactor = await startReactor(directory, shim.preload());
  const chatId = randomUUID();
  expect((await deliver(reactor.url, message2026({ chatId }))).status).toBe(204);

  shim.fail({ kinds: ['create', 'write', 'truncate', 'sync'], error: 'EROFS', at: 1, times: 1_000_000 });
  expect((await deliver(reactor.url, message2026())).status).toBe(503);
  expect(await reactor.exited).toEqual(ENDED);
  expect(lastWords(reactor)).toMatch(/the disk failed .* check the disk/);

  shim.fail(null);
  const after = await startReactor(directory);
  await after.end('SIGTERM');
  const { chats, close } = openStored(directory);
  expect([...chats.keys()]).toEqual([chatId]);
  close();
  reportReached('read-only', { places: PLACES.length + 1, violations: 0 });
});
