import { StoreError } from '../../errors.ts';
import type { DatabaseAddress } from '../../store/postgres/by-hand.ts';
import type { SeenServer } from '../judge/server.ts';

/** Looks at a PostgreSQL database, in use or not. Changes nothing. @param now the machine's time */
export async function lookAtServer(address: DatabaseAddress, now: () => number): Promise<SeenServer> {
  const { examineServer } = await import('../../store/postgres/examine.ts'); // SQLite's users don't load it
  try {
    return { kind: 'seen', state: await examineServer(address, now) };
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    return { kind: 'failed', fault: error.fault, message: error.message };
  }
}
