import { readlinkSync, realpathSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';

/** As many as Linux follows. */
const MOST_LINKS = 40;

/**
 * Where a path leads in the end, every symbolic link followed; also where nothing is there yet, so that what is made
 * under this name is made where the link points.
 * @throws `ELOOP` for links in a circle
 */
export function realPath(path: string, linksFollowed = 0): string {
  const absolute = resolve(path);
  try {
    return realpathSync(absolute);
  } catch {
    // a part of it isn't there, or may not be looked at: whoever opens it hears which
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
    return null; // no link, or nothing at all
  }
}
