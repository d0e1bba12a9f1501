#!/usr/bin/env node
const FLOOR = { major: 20, minor: 19 };

/** SQLite's native module crashes on a Node.js it wasn't built for, so versions are looked at before it is loaded. */
function isNodeSupported(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > FLOOR.major || (major === FLOOR.major && minor >= FLOOR.minor);
}

/** Says what to do when the native module is missing or of another Node.js; else null. */
function adviseOnNativeModule(error: unknown): string | null {
  const message = error instanceof Error ? error.message : '';
  if (!/bindings file|NODE_MODULE_VERSION|better_sqlite3\.node|better-sqlite3/.test(message)) return null;
  return (
    "SQLite's native module is missing or was built for another Node.js: run `npm rebuild better-sqlite3` " +
    '(with npm 12, first `npm install-scripts approve better-sqlite3`).'
  );
}

if (!isNodeSupported(process.versions.node)) {
  process.stderr.write(
    `contact-card-reactor needs Node.js ${FLOOR.major}.${FLOOR.minor} or newer; this is ${process.versions.node}.\n`,
  );
  process.exit(1);
}

try {
  const [{ runCommandLine }, { createProcessIo }] = await Promise.all([
    import('./cli/program.ts'),
    import('./cli/io.ts'),
  ]);
  process.exitCode = await runCommandLine(process.argv.slice(2), createProcessIo());
} catch (error) {
  const advice = adviseOnNativeModule(error);
  const told = advice ?? (error instanceof Error ? (error.stack ?? error.message) : String(error));
  process.stderr.write(`${told}\n`);
  process.exitCode = 1;
}
