import { readFileSync } from 'node:fs';
import { inTree } from './program.ts';

export const UNIT = inTree('deploy/systemd/contact-card-reactor.service');

/** Every value that a unit file gives a directive, in order. */
export function directives(path: string, name: string): readonly string[] {
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line.startsWith(`${name}=`))
    .map((line) => line.slice(name.length + 1));
}
