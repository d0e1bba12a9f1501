/**
 * Locates files of the package itself. Only this file may rely on its own location, since the build bundles code into files
 * directly in `dist/`, just as this one is directly in `src/`.
 */

/** A file beside the program, by its path in `src/`; the build puts it at the same path in `dist/`. */
export const programFile = (path: string): URL => new URL(path, import.meta.url);

/** A file of the package that is the same for `src/` and `dist/`, by its path from the root. */
export const packageFile = (path: string): URL => new URL(`../${path}`, import.meta.url);
