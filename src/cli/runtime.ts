/** The oldest Node.js that runs this program: what it imports needs `require` of ES modules. */
const FLOOR = { major: 20, minor: 19 };

/**
 * What to say of this Node.js when it can't run the program; else null. To be asked before anything heavy is loaded:
 * SQLite's native module crashes on a Node.js that it wasn't built for.
 * @param version as in `process.versions.node`
 */
export function adviseOnNode(version: string): string | null {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major > FLOOR.major || (major === FLOOR.major && minor >= FLOOR.minor)) return null;
  return `contact-card-reactor needs Node.js ${FLOOR.major}.${FLOOR.minor} or newer; this is ${version}.`;
}

const MISSING_OR_FOREIGN =
  "SQLite's native module is missing or was built for another Node.js: run `npm rebuild better-sqlite3` " +
  '(with npm 12, first `npm install-scripts approve better-sqlite3`).';

/** Says what to do when an error, or what caused it, is about the native module itself; else null. */
export function adviseOnNativeModule(error: unknown): string | null {
  if (!(error instanceof Error)) return null;
  return isAboutNativeModule(error) ? MISSING_OR_FOREIGN : adviseOnNativeModule(error.cause);
}

/** A database's own errors and stacks name better-sqlite3, too, so only what can't be anything else counts. */
function isAboutNativeModule(error: Error): boolean {
  if (error.message.startsWith('Could not locate the bindings file')) return true;
  const code = 'code' in error ? error.code : null;
  return code === 'ERR_DLOPEN_FAILED' && error.message.includes('better_sqlite3');
}
