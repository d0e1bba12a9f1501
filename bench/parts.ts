/** The parts of the program that the rows run by themselves: `program.ts` bundles them as the program is. */
export * as clock from '../src/clock.ts';
export * as policy from '../src/decide/policy.ts';
export * as clockGuard from '../src/dispatch/clock-guard.ts';
export * as dispatcher from '../src/dispatch/dispatcher.ts';
export * as httpServer from '../src/http/server.ts';
export * as linqClient from '../src/linq/client.ts';
export * as recorder from '../src/recorder.ts';
/**
 * Loaded only by rows that need PostgreSQL.
 * @public
 */
export const loadPostgresStore = () => import('../src/store/postgres/postgres-store.ts');
export * as sqliteStore from '../src/store/sqlite/sqlite-store.ts';
export * as parse from '../src/webhook/parse.ts';
export * as quarantine from '../src/webhook/quarantine.ts';
export * as deliveryLog from '../src/webhook/report.ts';
export * as route from '../src/webhook/route.ts';
export * as verify from '../src/webhook/verify.ts';
