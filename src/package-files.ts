/**
 * Locates files of the package itself. Only this file may use its own place, since the build moves code into files
 * that all stand in `dist/`, as this one stands in `src/`.
 */

/** A file beside the program, by its path in `src/`; the build puts it at the same path in `dist/`. */
export const programFile = (path: string): URL => new URL(path, import.meta.url);

/** A file of the package that is the same for `src/` and `dist/`, by its path from the root. */
export const packageFile = (path: string): URL => new URL(`../${path}`, import.meta.url);
