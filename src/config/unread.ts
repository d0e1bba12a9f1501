import { ALL_SETTINGS } from './settings.ts';
import type { Sources } from './sources.ts';

const KNOWN: readonly string[] = ALL_SETTINGS.flatMap(({ name, aliases, isSecret }) =>
  [name, ...aliases].flatMap((known) => (isSecret ? [known, `${known}_FILE`] : [known])),
);

/** True for the name of a setting, or of the variable that names a secret's file. */
export const isSettingName = (name: string) => KNOWN.includes(name);

/** Other programs' variables that look like ours, in upper case. */
const FOREIGN: ReadonlySet<string> = new Set([
  'LINQ_API_V3_CUSTOM_HEADERS', // Linq's own SDK
  ...['FTP_PROXY', 'WS_PROXY', 'GOPROXY'],
]);

const MAX_EDITS = 2;
/** Shorter names are too close to others: `LOST` isn't a typo for `HOST`. */
const SHORTEST_GUESSED = 6;

/** One warning for each variable that looks like a misspelt setting, letter case aside. */
export function warnOfMisspelt(names: readonly string[]): string[] {
  return names
    .filter((name) => !isSettingName(name) && !FOREIGN.has(name.toUpperCase()))
    .flatMap((name) => {
      const nearest = nearestKnown(name);
      if (nearest !== null) return [`${name} isn’t a setting: did you mean ${nearest}?`];
      return /^linq_/i.test(name) ? [`${name} isn’t a setting of this program`] : [];
    });
}

function nearestKnown(name: string): string | null {
  if (name.length < SHORTEST_GUESSED) return null;
  const ranked = KNOWN.map((known) => ({ known, edits: editsBetween(name.toUpperCase(), known) })).sort(
    (a, b) => a.edits - b.edits,
  );
  const best = ranked[0];
  return best !== undefined && best.edits <= MAX_EDITS ? best.known : null;
}

/** Levenshtein distance, or anything above the limit when the lengths alone exceed it. */
function editsBetween(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > MAX_EDITS) return MAX_EDITS + 1;
  let row = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}

/** Node.js itself reads these before this program starts. */
const OF_THE_PROCESS: ReadonlySet<string> = new Set([
  ...['NODE_EXTRA_CA_CERTS', 'NODE_OPTIONS', 'NODE_TLS_REJECT_UNAUTHORIZED', 'NODE_USE_SYSTEM_CA'],
  ...['NODE_USE_ENV_PROXY', 'SSL_CERT_FILE', 'SSL_CERT_DIR', 'OPENSSL_CONF', 'UV_THREADPOOL_SIZE', 'TZ'],
]);

/** One warning for each variable that nothing reads where it is set, or under that name. */
export function warnOfUnread({ env, envFile }: Sources): string[] {
  const isSet = (name: string) => [env, envFile].some((variables) => (variables[name]?.trim() ?? '') !== '');
  const ineffective = Object.keys(envFile)
    .filter((name) => OF_THE_PROCESS.has(name) && env[name] === undefined)
    .map(
      (name) =>
        `${name} has no effect in the settings file: Node.js reads it at startup, from the environment only`,
    );
  const all = ['all_proxy', 'ALL_PROXY'].find(isSet);
  if (all === undefined || ['https_proxy', 'HTTPS_PROXY'].some(isSet)) return ineffective;
  return [...ineffective, `${all} is not read: set HTTPS_PROXY too`];
}
