// @ts-check
// Builds `dist/`: the program and the packages that it uses in a few files, which start in less than half of the
// time that a thousand small ones take. `npm run types` checks the types.
//
// node esbuild.config.js [NAME=FILE …]: builds further files beside the program, each with all that it imports.

import { chmodSync, cpSync, rmSync } from 'node:fs';
import { build } from 'esbuild';

const ASSETS = 'status/page/assets';

/** Programs of their own: the command line, and what it starts as a separate process or thread. */
const PROGRAMS = [
  'src/main.ts',
  'src/store/sqlite/checkpoint-thread.js',
  'src/store/sqlite/backup/backup-process.js',
  'src/doctor/look/quick-check-process.js',
];

/**
 * The parts of undici that the program uses. Its index loads everything else too (fetch, WebSocket, caches, mocks),
 * which costs time at each start, and megabytes.
 */
const UNDICI_PARTS = `
import api from 'undici/lib/api/index.js';
import Dispatcher from 'undici/lib/dispatcher/dispatcher.js';
Object.assign(Dispatcher.prototype, api);
export { default as buildConnector } from 'undici/lib/core/connect.js';
export { default as Agent } from 'undici/lib/dispatcher/agent.js';
export { default as Client } from 'undici/lib/dispatcher/client.js';
export { default as Pool } from 'undici/lib/dispatcher/pool.js';
`;

/** @type {import('esbuild').Plugin} */
const undiciParts = {
  name: 'undici-parts',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^undici$/ }, ({ path }) => ({ path, namespace: 'undici-parts' }));
    onLoad({ filter: /.*/, namespace: 'undici-parts' }, () => ({
      contents: UNDICI_PARTS,
      resolveDir: import.meta.dirname,
    }));
  },
};

/** @type {import('esbuild').BuildOptions} */
const SETTINGS = {
  bundle: true,
  splitting: true, // a verb loads only what it needs
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  outdir: 'dist',
  outbase: 'src',
  sourcemap: true,
  sourcesContent: false,
  legalComments: 'none',
  // native, and optional
  external: ['better-sqlite3', 'pino-pretty'],
  // packages in CommonJS call `require` for modules of Node.js
  banner: {
    js: "import { createRequire as requireOf } from 'node:module'; const require = requireOf(import.meta.url);",
  },
  logLevel: 'warning',
  plugins: [undiciParts],
};

rmSync('dist', { recursive: true, force: true });
await build({ ...SETTINGS, entryPoints: PROGRAMS });
for (const [name = '', file = ''] of process.argv.slice(2).map((further) => further.split('='))) {
  await build({ ...SETTINGS, splitting: false, entryPoints: { [name]: file } });
}
cpSync(`src/${ASSETS}`, `dist/${ASSETS}`, { recursive: true });
chmodSync('dist/main.js', 0o755);
