import type { EpochMs } from '../../decide/time.ts';
import { DECIDED_KEYS } from '../plan/meta.ts';
import {
  NOTHING_REPORTED,
  type Replica,
  type ReplicaReport,
  type ReplicaStore,
  type ReportedProblem,
  type SeenReplica,
} from '../store.ts';
import type { Calls, StoreContext } from './context.ts';
import type { Session } from './database.ts';
import type { MetaTable } from './meta.ts';

/** A leader that doesn't say in time that it lives is replaced. */
const LEASE = "interval '30 s'";
/** How long those that stand aside wait after the end of the lease: every candidate beats more than once in that time. */
const PRECEDENCE = "interval '25 s'";
/** A replica that hasn't been seen for this long is gone. */
const GONE = "interval '60 s'";

/** Which replicas there are, and which leads; by the server's clock alone, since each replica's own may be wrong. */
export function createReplicaTable(
  { schema }: Pick<StoreContext, 'schema'>,
  meta: Pick<MetaTable, 'change'>,
  { write }: Pick<Calls, 'write'>,
): Pick<ReplicaStore, 'beat' | 'leave'> {
  const [replicas, leaders] = [`${schema}.replicas`, `${schema}.leaders`];
  // nobody's from now on: the next beat of this replica doesn't renew it
  const resign = `UPDATE ${leaders} SET replica = '', until_at = clock_timestamp() WHERE replica = $1`;
  const marks = `SELECT 1 FROM ${schema}.meta m WHERE key IN ('decided_fingerprint', 'redecide_fingerprint')`;
  const isOther = (fingerprint: string) => `NOT starts_with(m.value, ${fingerprint})`;
  // also one that was killed and isn't forgotten yet: it may have decided chats until then
  const decidedByOthers = `${marks} AND (${isOther('$1')} OR EXISTS (SELECT 1 FROM ${replicas} WHERE fingerprint <> $1))`;
  const leftByOther = `${marks} AND EXISTS (SELECT 1 FROM ${replicas} r WHERE id = $1 AND ${isOther('r.fingerprint')})`;

  /**
   * While replicas decide chats by different settings, nothing tells by which ones a chat was decided: so each of them says
   * when it begins, while it goes on and when it ends that no fingerprint covers all chats. A pass that carries a correction
   * of the clock goes on, since nothing is shared until its end; it doesn't count for that.
   */
  async function forgetDecided(session: Session, condition: string, value: string): Promise<void> {
    const [found] = await session.rows(condition, [value]);
    if (found === undefined) return;
    await meta.change(session, async (values) => {
      if (values.text('clock_shift') !== null) return;
      for (const key of DECIDED_KEYS) values.set(key, null);
    });
  }

  return {
    beat: (
      { id, version, fingerprint, startedAt }: Replica,
      now: EpochMs,
      { standing = 'candidate', report = NOTHING_REPORTED } = {},
    ) =>
      write(async (session) => {
        await forgetDecided(session, decidedByOthers, fingerprint);
        // a server whose clock was set back would wait for the time that it has lived through already
        await session.run(
          `UPDATE ${leaders} SET until_at = clock_timestamp() + ${LEASE} WHERE until_at > clock_timestamp() + ${LEASE}`,
        );
        if (standing === 'resigning') await session.run(resign, [id]);
        await session.run(
          `INSERT INTO ${leaders} AS l (name, replica, term, until_at)
            VALUES ('leader', $1, 1, clock_timestamp() + ${LEASE})
            ON CONFLICT (name) DO UPDATE SET replica = excluded.replica, until_at = clock_timestamp() + ${LEASE},
              term = l.term + (l.replica <> excluded.replica)::int
            WHERE l.replica = excluded.replica
              OR l.until_at <= clock_timestamp()${standing === 'candidate' ? '' : ` - ${PRECEDENCE}`}`,
          [id],
        );
        await session.run(
          `INSERT INTO ${replicas} (id, version, fingerprint, started_at, seen_at, report)
            VALUES ($1, $2, $3, $4, clock_timestamp(), $5)
            ON CONFLICT (id) DO UPDATE SET version = excluded.version, fingerprint = excluded.fingerprint,
              started_at = excluded.started_at, seen_at = excluded.seen_at, report = excluded.report`,
          [id, version, fingerprint, startedAt, JSON.stringify(report)],
        );
        await session.run(
          `UPDATE ${replicas} SET seen_at = clock_timestamp() WHERE seen_at > clock_timestamp()`,
        );
        await session.run(`DELETE FROM ${replicas} WHERE seen_at < clock_timestamp() - ${GONE}`);
        const seen = await session.rows<SeenReplica>(
          `SELECT id, version, fingerprint, started_at AS "startedAt",
              $1 - floor(extract(epoch FROM clock_timestamp() - seen_at) * 1000)::bigint AS "seenAt",
              l.replica IS NOT NULL AS "isLeader", l.term, report
            FROM ${replicas} r LEFT JOIN ${leaders} l ON l.replica = r.id AND l.until_at > clock_timestamp()
            ORDER BY started_at, id`,
          [now],
        );
        return seen.map((one) => ({ ...one, report: readReport(one.report) }));
      }),
    leave: (id) =>
      write(async (session) => {
        await forgetDecided(session, leftByOther, id);
        await session.run(resign, [id]);
        await session.run(`DELETE FROM ${replicas} WHERE id = $1`, [id]);
      }),
  };
}

/** Another version may have written it: what isn't as expected counts as not reported. */
function readReport(value: unknown): ReplicaReport {
  const { problems, catchUp } = Object(value);
  return {
    problems: Array.isArray(problems) ? problems.flatMap(readProblem) : [],
    catchUp:
      typeof catchUp?.activity === 'string'
        ? { activity: catchUp.activity, cause: textOrNull(catchUp.cause) }
        : null,
  };
}

function readProblem(value: unknown): ReportedProblem[] {
  const { code, since, errorSince, detail } = Object(value);
  if (typeof code !== 'string' || !Number.isSafeInteger(since)) return [];
  const worse = Number.isSafeInteger(errorSince) ? errorSince : null;
  return [{ code, since, errorSince: worse, detail: textOrNull(detail) }];
}

const textOrNull = (value: unknown) => (typeof value === 'string' ? value : null);
