// Loaded into a process of the service ahead of its program (`node --import`): loads what `serve` will import, which is
// most of a start, then waits for standard input. Importing a module of ours does nothing, so neither does this.
import { readSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';

setFlagsFromString('--no-opt'); // what runs once isn't worth it, and it costs a sixth of the loading
const dist = new URL('../../dist/', import.meta.url);
await Promise.all(
  ['cli/program.js', 'cli/io.js', 'app/app.js', 'clock.js'].map((path) => import(new URL(path, dist))),
);
await import('close-with-grace');
readSync(0, Buffer.alloc(8));
setFlagsFromString('--opt');
