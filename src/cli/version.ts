import { readFileSync } from 'node:fs';

const packageFile = new URL('../../package.json', import.meta.url);

/** Version of the package, the same from the sources and from the built program. */
export const VERSION: string = JSON.parse(readFileSync(packageFile, 'utf8')).version;
