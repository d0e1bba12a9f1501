// @ts-check
// Builds `dist/`: the program and the packages that it uses in a few files, which start in less than half of the
// time that a thousand small ones take. `npm run types` checks the types.
//
// node esbuild.config.js [NAME=FILE …]: builds further files beside the program, each with all that it imports.

import { chmodSync, cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { decode, encode } from '@jridgewell/sourcemap-codec';
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
  // native
  external: ['better-sqlite3'],
  // packages in CommonJS call `require` for modules of Node.js
  banner: {
    js: "import { createRequire as requireOf } from 'node:module'; const require = requireOf(import.meta.url);",
  },
  logLevel: 'warning',
  plugins: [undiciParts],
};

/**
 * Leaves the packages out of a source map, which is then small enough to be read at each start. In a stack trace their
 * lines are those of `dist/`.
 * @param {string} file
 */
function unmapPackages(file) {
  const map = JSON.parse(readFileSync(file, 'utf8'));
  const isOurs = map.sources.map((/** @type {string} */ path) => !path.includes('node_modules/'));
  let wasOurs = true;
  const lines = decode(map.mappings).map((segments) => {
    const ours = segments.filter(([, source]) => source !== undefined && isOurs[source]);
    const isEnd = wasOurs && ours.length < segments.length;
    if (segments.length > 0) wasOurs = ours.length > 0;
    return isEnd ? [...ours, /** @type {[number]} */ ([0])] : ours;
  });
  writeFileSync(file, JSON.stringify({ ...map, mappings: encode(lines) }));
}

/**
 * The licences of the packages in the bundle, which ask to be part of every copy.
 * @param {string[]} inputs the files that it is made of
 */
function licensesOf(inputs) {
  const places = inputs.flatMap((path) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? []);
  return [...new Set(places)].sort().map(licenseOf).join('\n');
}

/** @param {string} place of a package */
function licenseOf(place) {
  const { name, version, license } = JSON.parse(readFileSync(`${place}/package.json`, 'utf8'));
  const file = readdirSync(place).find((one) => /^(licen[cs]e|copying)\b/i.test(one));
  const text = file === undefined ? '' : readFileSync(`${place}/${file}`, 'utf8').trim();
  return `${name} ${version} (${license})\n\n${text}\n`;
}

rmSync('dist', { recursive: true, force: true });
const { metafile } = await build({ ...SETTINGS, entryPoints: PROGRAMS, metafile: true });
writeFileSync('dist/LICENSES.txt', licensesOf(Object.keys(metafile.inputs)));
for (const [name = '', file = ''] of process.argv.slice(2).map((further) => further.split('='))) {
  await build({ ...SETTINGS, splitting: false, entryPoints: { [name]: file } });
}
for (const name of readdirSync('dist')) if (name.endsWith('.map')) unmapPackages(`dist/${name}`);
cpSync(`src/${ASSETS}`, `dist/${ASSETS}`, { recursive: true });
chmodSync('dist/main.js', 0o755);
