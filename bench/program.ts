/**
 * The built program: what is measured is what `npm start` runs, not sources that a development tool translates on the
 * way. The types come from the sources.
 */
export interface Program {
  readonly clock: typeof import('../src/clock.ts');
  readonly clockGuard: typeof import('../src/dispatch/clock-guard.ts');
  readonly dispatcher: typeof import('../src/dispatch/dispatcher.ts');
  readonly httpServer: typeof import('../src/http/server.ts');
  readonly linqClient: typeof import('../src/linq/client.ts');
  readonly policy: typeof import('../src/decide/policy.ts');
  readonly recorder: typeof import('../src/recorder.ts');
  readonly sqliteStore: typeof import('../src/store/sqlite/sqlite-store.ts');
  readonly deliveryLog: typeof import('../src/webhook/report.ts');
  readonly parse: typeof import('../src/webhook/parse.ts');
  readonly quarantine: typeof import('../src/webhook/quarantine.ts');
  readonly route: typeof import('../src/webhook/route.ts');
  readonly verify: typeof import('../src/webhook/verify.ts');
}

/** The program's entry, for `node`. */
export const MAIN = new URL('../dist/main.js', import.meta.url);

/** Paths of the built files, from the root. */
export const BUILT: Readonly<Record<keyof Program, string>> = {
  clock: 'dist/clock.js',
  clockGuard: 'dist/dispatch/clock-guard.js',
  dispatcher: 'dist/dispatch/dispatcher.js',
  httpServer: 'dist/http/server.js',
  linqClient: 'dist/linq/client.js',
  policy: 'dist/decide/policy.js',
  recorder: 'dist/recorder.js',
  sqliteStore: 'dist/store/sqlite/sqlite-store.js',
  deliveryLog: 'dist/webhook/report.js',
  parse: 'dist/webhook/parse.js',
  quarantine: 'dist/webhook/quarantine.js',
  route: 'dist/webhook/route.js',
  verify: 'dist/webhook/verify.js',
};

export async function loadProgram(): Promise<Program> {
  const load = async ([name, file]: [string, string]) => [
    name,
    await import(new URL(`../${file}`, import.meta.url).href),
  ];
  return Object.fromEntries(await Promise.all(Object.entries(BUILT).map(load)));
}
