import { accessSync, readFileSync } from 'node:fs';
import { SourceMap } from 'node:module';
import { fileURLToPath } from 'node:url';

/**
 * Locates files of the package itself. Only this file may rely on its own location, since the build bundles code into files
 * directly in `dist/`, just as this one is directly in `src/`.
 */

/**
 * A file beside the program, by its path in `src/`; the build puts it at the same path in `dist/`. Other processes and
 * threads start some of them, so that one that is missing is noticed here.
 * @throws as `fs.accessSync` does
 */
export function programFile(path: string): URL {
  const file = new URL(path, import.meta.url);
  accessSync(file);
  return file;
}

/** A file of the package that is the same for `src/` and `dist/`, by its path from the root. */
export const packageFile = (path: string): URL => new URL(`../${path}`, import.meta.url);

const ROOT = fileURLToPath(packageFile(''));

/** The path from the root of the package; null: it isn't a file of the package. */
export const pathInPackage = (path: string): string | null =>
  path.startsWith(ROOT) ? path.slice(ROOT.length) : null;

/** npm installed it as a package; otherwise this is a clone. */
export const isInstalledByNpm = /[\\/]node_modules[\\/]/.test(ROOT);

const DIST = packageFile('dist/').href;
const maps = new Map<string, SourceMap>();

/**
 * A stack trace with lines of `src/` in place of those of `dist/`. Node.js can do that too, but with its source maps enabled
 * a start takes longer and 10 MB more, while this costs nothing before the first error. Lines of bundled packages stay.
 */
export function inSources(stack: string): string {
  return stack.replaceAll(/(file:\S+\.js):(\d+):(\d+)/g, (place, url: string, line, column) => {
    try {
      return url.startsWith(DIST) ? (sourceOf(url, Number(line), Number(column)) ?? place) : place;
    } catch {
      return place; // the map is missing
    }
  });
}

function sourceOf(url: string, line: number, column: number): string | null {
  let map = maps.get(url);
  if (map === undefined) {
    map = new SourceMap(JSON.parse(readFileSync(new URL(`${url}.map`), 'utf8')));
    maps.set(url, map);
  }
  const entry = map.findEntry(line - 1, column - 1);
  if (!('originalSource' in entry) || entry.originalSource === undefined) return null;
  const { originalSource, originalLine, originalColumn } = entry;
  return `${originalSource.replace(/^(\.\.\/)+/, '')}:${originalLine + 1}:${originalColumn + 1}`;
}
