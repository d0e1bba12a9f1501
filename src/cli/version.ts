import { readFileSync } from 'node:fs';
import { packageFile } from '../package-files.ts';

/** The package version, the same from source and from the built program. */
export const VERSION: string = JSON.parse(readFileSync(packageFile('package.json'), 'utf8')).version;
