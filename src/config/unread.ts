import type { Sources } from './origin.ts';

/** Node.js itself reads these, before this program begins. */
const OF_THE_PROCESS: ReadonlySet<string> = new Set([
  ...['NODE_EXTRA_CA_CERTS', 'NODE_OPTIONS', 'NODE_TLS_REJECT_UNAUTHORIZED', 'NODE_USE_SYSTEM_CA'],
  ...['NODE_USE_ENV_PROXY', 'SSL_CERT_FILE', 'SSL_CERT_DIR', 'OPENSSL_CONF', 'UV_THREADPOOL_SIZE', 'TZ'],
]);

/** One warning for each variable that is set where, or as what, nothing reads it. */
export function warnOfUnread({ env, envFile }: Sources): string[] {
  const isSet = (name: string) => [env, envFile].some((variables) => (variables[name]?.trim() ?? '') !== '');
  const ineffective = Object.keys(envFile)
    .filter((name) => OF_THE_PROCESS.has(name) && env[name] === undefined)
    .map(
      (name) =>
        `${name} has no effect in the settings file: Node.js reads it at its start, from the environment only`,
    );
  const all = ['all_proxy', 'ALL_PROXY'].find(isSet);
  if (all === undefined || ['https_proxy', 'HTTPS_PROXY'].some(isSet)) return ineffective;
  return [...ineffective, `${all} is not read: name the proxy in HTTPS_PROXY, too`];
}
