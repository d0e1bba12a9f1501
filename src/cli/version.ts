import { readFileSync } from 'node:fs';

const packageFile = new URL('../../package.json', import.meta.url);

/** The package version, the same from source and from the built program. */
export const VERSION: string = JSON.parse(readFileSync(packageFile, 'utf8')).version;
