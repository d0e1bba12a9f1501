import { StoreError } from '../../errors.ts';
import type { ServerTime } from '../store.ts';
import type { StoreContext } from './context.ts';
import type { Session } from './database.ts';

/** Which correction of the clock this replica follows: times of an older one mean something else. */
export interface Corrections {
  /** @see Store.serverNow */
  read(session: Session): Promise<ServerTime>;
  /**
   * Before a transaction reads what it decides by our time: until its end nobody corrects the clock.
   * @throws {StoreError} `outdated` when our clock doesn't follow all corrections
   */
  hold(session: Session): Promise<void>;
  /** Begins a correction, and waits for all who hold it. Null: another replica has made one; else how many that makes. */
  add(session: Session): Promise<number | null>;
  followed(): number;
  follow(corrections: number): void;
}

export function createCorrections({ schema }: Pick<StoreContext, 'schema'>): Corrections {
  const table = `${schema}.control`;
  const key = `hashtext('${schema.replaceAll("'", "''")}.clock'), 2`;
  let known: number | null = null;

  /** A replica that has read no clock begins with what is stored. */
  function knownSince(stored: number): number {
    known ??= stored;
    return known;
  }

  async function current(session: Session, lock: string): Promise<number> {
    // a statement of its own: the second one sees what was committed while the first one waited
    const [row] = await session.rows<{ corrections: number }>(
      `SELECT ${lock}(${key}); SELECT clock_epoch AS corrections FROM ${table}`,
    );
    return definite(row).corrections;
  }

  return {
    async read(session) {
      const [row] = await session.rows<ServerTime>(
        `SELECT extract(epoch FROM clock_timestamp())::float8 * 1000 AS at, clock_epoch AS corrections FROM ${table}`,
      );
      const time = definite(row);
      knownSince(time.corrections);
      return time;
    },
    async hold(session) {
      const stored = await current(session, 'pg_advisory_xact_lock_shared');
      if (stored !== knownSince(stored))
        throw new StoreError(
          'outdated',
          'another replica has corrected the clock; this one follows within a second',
        );
    },
    async add(session) {
      const stored = await current(session, 'pg_advisory_xact_lock');
      if (stored !== knownSince(stored)) return null;
      await session.run(`UPDATE ${table} SET clock_epoch = clock_epoch + 1`);
      return stored + 1;
    },
    followed: () => known ?? 0,
    follow(corrections) {
      known = Math.max(known ?? 0, corrections);
    },
  };
}

function definite<R>(row: R | undefined): R {
  if (row === undefined) throw new StoreError('broken', 'the control row is missing');
  return row;
}
