import { type Finding, fine, found } from '../finding.ts';

/** @param advice what to do about this Node.js, or null */
export function judgeNode(version: string, advice: string | null): Finding {
  if (advice === null) return fine('node', `${version} runs this program.`, { version });
  return found(
    'node_too_old',
    advice,
    "Install Node.js 22 (https://nodejs.org/en/download), then run `npm ci` again in the program's directory.",
    { version },
  );
}

/** @param advice what to do about the native module, or null when it loads */
export function judgeNativeModule(advice: string | null): Finding {
  if (advice === null) return fine('native_module', 'It loads and opens a database.');
  return found(
    'native_module_unusable',
    "SQLite's native module doesn't load, so neither the service nor a backup can work.",
    advice,
  );
}
