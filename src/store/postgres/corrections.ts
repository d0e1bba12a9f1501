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
   * @throws {StoreError} `outdated` when our clock doesn't follow all corrections; `reverted`
   */
  hold(session: Session): Promise<void>;
  /**
   * The database lacks a correction that it had: it was brought back to an earlier moment, and the shares made since are
   * unknown. Until it is marked as restored, nothing is written.
   * @throws {StoreError} `reverted`
   */
  refuseReverted(): void;
  /** Begins a correction, and waits for all who hold it. Null: another replica has made one; else how many that makes. */
  add(session: Session): Promise<number | null>;
  followed(): number;
  follow(corrections: number): void;
}

/** @param onAdopted what is known of the database may be of a later moment than it is */
export function createCorrections(
  { schema }: Pick<StoreContext, 'schema'>,
  onAdopted: () => void,
): Corrections {
  const table = `${schema}.control`;
  const key = `hashtext('${schema.replaceAll("'", "''")}.clock'), 2`;
  let known: number | null = null;
  /** What the server's clock read when the database was last seen with all corrections that we know of. */
  let seenAt = Number.NEGATIVE_INFINITY;
  let isReverted = false;

  function refuseReverted(): void {
    if (isReverted)
      throw new StoreError(
        'reverted',
        'the database went back to an earlier moment, so the shares made since are unknown; stop all replicas, run `contact-card-reactor restore --mark`, and start them',
      );
  }

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
      const before = known; // our own correction may be made while we read
      const [row] = await session.rows<ServerTime & { restoredAt: number | null }>(
        `SELECT extract(epoch FROM clock_timestamp())::float8 * 1000 AS at, clock_epoch AS corrections,
          (SELECT value::float8 FROM ${schema}.meta WHERE key = 'restored_at') AS "restoredAt" FROM ${table}`,
      );
      const { restoredAt, ...time } = definite(row);
      const isLess = before !== null && time.corrections < before;
      // marked after we last saw it whole, so every chat waits a window: then what it lacks does no harm
      const isMarked = restoredAt !== null && restoredAt >= seenAt;
      isReverted = isLess && !isMarked;
      if (isLess && isMarked) {
        known = time.corrections;
        onAdopted();
      }
      if (!isReverted) seenAt = time.at;
      knownSince(time.corrections);
      return time;
    },
    async hold(session) {
      const stored = await current(session, 'pg_advisory_xact_lock_shared');
      isReverted ||= stored < knownSince(stored);
      refuseReverted();
      if (stored !== knownSince(stored))
        throw new StoreError(
          'outdated',
          'another replica has corrected the clock; this one follows within a second',
        );
    },
    refuseReverted,
    async add(session) {
      refuseReverted();
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
