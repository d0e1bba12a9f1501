// Loaded into a process of the service ahead of its program (`node --import`): loads what `serve` will import, which is
// most of a start, then waits for standard input. Importing a module of ours does nothing, so neither does this.
import { readdirSync, readSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';

setFlagsFromString('--no-opt'); // what runs once isn't worth it, and it costs a sixth of the loading
const dist = new URL('../../dist/', import.meta.url);
const built = readdirSync(dist);
for (const name of ['program', 'io', 'load', 'app', 'clock', 'close-with-grace']) {
  const files = built.filter((file) => new RegExp(`^${name}-[A-Z0-9]{8}\\.js$`).test(file));
  if (files.length === 0) throw new Error(`dist/ has no ${name}: it isn't built as this expects`);
  for (const file of files) await import(new URL(file, dist));
}
readSync(0, Buffer.alloc(8));
setFlagsFromString('--opt');
