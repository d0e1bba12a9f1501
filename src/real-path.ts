import { readlinkSync, realpathSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';

/** As many as Linux follows. */
const MOST_LINKS = 40;

/**
 * Where a path leads when every symbolic link is followed. Also works for a file that doesn't exist yet, which is then
 * created where the link points.
 * @throws `ELOOP` for links in a circle
 */
export function realPath(path: string, linksFollowed = 0): string {
  const absolute = resolve(path);
  try {
    return realpathSync(absolute);
  } catch {
    // a part of it doesn't exist or isn't accessible: opening it will report which
  }
  const directory = dirname(absolute);
  if (directory === absolute) return absolute;
  const here = join(realPath(directory, linksFollowed), basename(absolute));
  const target = linkAt(here);
  if (target === null) return here;
  if (linksFollowed === MOST_LINKS)
    throw Object.assign(new Error(`too many symbolic links in ${path}`), { code: 'ELOOP' });
  return realPath(resolve(dirname(here), target), linksFollowed + 1);
}

function linkAt(path: string): string | null {
  try {
    return readlinkSync(path);
  } catch {
    return null; // not a link, or doesn't exist
  }
}
