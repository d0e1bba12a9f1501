import type { Lease } from '../../decide/chat.ts';
import { countedAs, type Outcome } from '../../decide/outcome.ts';
import type { EpochMs } from '../../decide/time.ts';
import type { AttemptEnd } from '../plan/chat-row.ts';
import { type FigureSpan, HOURS, historyFrom, MINUTES, shareHistory, triesAfter } from '../plan/figures.ts';
import type { Figures, RecentAttempt, ShareHistory } from '../store.ts';
import type { Attempt, AttemptOutcome } from '../turn.ts';
import type { StoreContext } from './context.ts';
import type { Session } from './database.ts';

/** An attempt that ended, by the row of its chat. */
export interface EndedRow {
  readonly chatRow: number;
  readonly lease: Lease;
  readonly end: AttemptEnd;
}

export interface AttemptTable {
  /** Adds them in this order, and to the figures. */
  add(session: Session, ended: readonly EndedRow[]): Promise<void>;
  /** An ended attempt of the chat; null: none is stored under this id. */
  find(session: Session, chatRow: number, attemptId: string): Promise<Attempt | null>;
  /** Newest first; an attempt in progress is the newest. */
  ofChat(session: Session, chatId: string, limit: number): Promise<readonly Attempt[]>;
  /** @see Store.recentEnds */
  recentEnds(session: Session, limit: number): Promise<readonly AttemptOutcome[]>;
  /** Of all chats, newest first. */
  recent(session: Session, limit: number): Promise<readonly RecentAttempt[]>;
  /** Deletes those among the oldest `limit` that ended before; resolves to how many. */
  prune(session: Session, limit: number, endedBefore: EpochMs): Promise<number>;
  /** @returns SQL: `ShareTotals` as JSON @param since SQL: the first minute of the last 24 h, by its number */
  totals(since: string): string;
  /** @see PageStore.shareHistory */
  history(session: Session, now: EpochMs): Promise<ShareHistory>;
  /** The clock went back: what ended later than now counts as ended now. */
  cutFiguresTo(session: Session, now: EpochMs): Promise<void>;
}

type Outcomes = Omit<Figures, 'startAt'>;
interface FigureTable extends FigureSpan {
  readonly name: string;
  readonly key: string;
}

const CHAT = 'chat_id AS "chatId"';
const ENDED = `attempt_id AS "attemptId", ${CHAT}, trigger, a.started_at AS "startedAt", ended_at AS "endedAt",
  outcome, http_status AS "httpStatus", linq_code AS "linqCode", trace_id AS "traceId"`;
const OPEN = `attempt_id AS "attemptId", ${CHAT}, trigger, started_at AS "startedAt", NULL::bigint AS "endedAt",
  NULL AS outcome, NULL::bigint AS "httpStatus", NULL::bigint AS "linqCode", NULL AS "traceId"`;

export function createAttemptTable({ schema, slot }: Pick<StoreContext, 'schema' | 'slot'>): AttemptTable {
  const minutes: FigureTable = { ...MINUTES, name: `${schema}.outcome_minutes`, key: 'minute' };
  const hours: FigureTable = { ...HOURS, name: `${schema}.outcome_hours`, key: 'hour' };
  const table = `${schema}.attempts`;
  const ofEnded = `${table} a LEFT JOIN ${schema}.chats c ON c.id = a.chat_row`;
  const ofOpen = `${schema}.leases l JOIN ${schema}.chats c ON c.id = l.chat_row`;
  const withLine = `LEFT JOIN ${schema}.lines n ON n.id = c.line_id`;

  async function insert(session: Session, ended: readonly EndedRow[]): Promise<void> {
    const rows = ended.map(({ chatRow, lease: { attemptId, trigger, startedAt }, end }, o) => {
      const { endedAt, outcome, httpStatus, linqCode, traceId } = end;
      return {
        o,
        a: attemptId,
        c: chatRow,
        t: trigger,
        s: startedAt,
        e: endedAt,
        r: outcome,
        h: httpStatus,
        l: linqCode,
        i: traceId,
      };
    });
    await session.run(
      `INSERT INTO ${schema}.attempts
          (attempt_id, chat_row, trigger, started_at, ended_at, outcome, http_status, linq_code, trace_id)
        SELECT a, c, t, s, e, r, h, l, i FROM json_to_recordset($1::json) AS j
          (o int, a text, c bigint, t text, s bigint, e bigint, r text, h bigint, l bigint, i text) ORDER BY o`,
      [JSON.stringify(rows)],
    );
  }

  /** Adds to the sums of minutes or hours, and deletes those that are no longer kept. */
  async function addFigures(session: Session, table: FigureTable, ended: readonly Counted[]): Promise<void> {
    const { name, key, spanMs, keptMs } = table;
    const sums = new Map<number, Outcomes>();
    for (const { counted, endedAt } of ended) {
      const span = Math.floor(endedAt / spanMs);
      const before = sums.get(span) ?? { succeeded: 0, failed: 0 };
      sums.set(span, { ...before, [counted]: before[counted] + 1 });
    }
    const spans = [...sums].sort(([a], [b]) => a - b); // the order of locks
    await session.run(
      `INSERT INTO ${name} AS f (${key}, slot, succeeded, failed)
        SELECT span, ${slot}, succeeded, failed
        FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS d (span, succeeded, failed) ORDER BY span
        ${addTo(key)}`,
      [
        spans.map(([span]) => span),
        spans.map(([, { succeeded }]) => succeeded),
        spans.map(([, { failed }]) => failed),
      ],
    );
    const newest = spans.at(-1)?.[0] ?? 0;
    // other slots belong to other replicas, so that none waits
    await session.run(`DELETE FROM ${name} WHERE ${key} < $1 AND slot = ${slot}`, [newest - keptMs / spanMs]);
  }

  async function addTotals(session: Session, ended: readonly Counted[]): Promise<void> {
    const succeeded = ended.filter(({ counted }) => counted === 'succeeded').map(({ endedAt }) => endedAt);
    if (succeeded.length === 0) return;
    await session.run(
      `INSERT INTO ${schema}.share_totals AS t (id, succeeded, last_succeeded_at) VALUES (${slot}, $1, $2)
        ON CONFLICT (id) DO UPDATE SET succeeded = t.succeeded + excluded.succeeded,
          last_succeeded_at = greatest(t.last_succeeded_at, excluded.last_succeeded_at)`,
      [succeeded.length, Math.max(...succeeded)],
    );
  }

  return {
    async add(session, ended) {
      if (ended.length === 0) return;
      await insert(session, ended);
      const counted = ended.flatMap(({ end }) => countedOf(end));
      if (counted.length === 0) return;
      await addFigures(session, minutes, counted);
      await addFigures(session, hours, counted);
      await addTotals(session, counted);
    },
    async find(session, chatRow, attemptId) {
      const [found] = await session.rows<Attempt>(
        `SELECT ${ENDED} FROM ${ofEnded} WHERE a.chat_row = $1 AND attempt_id = $2`,
        [chatRow, attemptId],
      );
      return found ?? null;
    },
    async ofChat(session, chatId, limit) {
      const open = await session.rows<Attempt>(`SELECT ${OPEN} FROM ${ofOpen} WHERE chat_id = $1`, [chatId]);
      const ended = await session.rows<Attempt>(
        `SELECT ${ENDED} FROM ${ofEnded} WHERE chat_id = $1 ORDER BY a.id DESC LIMIT $2`,
        [chatId, limit],
      );
      return [...open, ...ended].slice(0, limit);
    },
    recentEnds: (session, limit) =>
      session.rows<AttemptOutcome>(
        `SELECT "chatId", outcome, "httpStatus", "linqCode", failures FROM (
          SELECT ${CHAT}, outcome, http_status AS "httpStatus", linq_code AS "linqCode", failures, ended_at, a.id
            FROM ${ofEnded} ORDER BY a.id DESC LIMIT $1
          ) AS e WHERE outcome <> 'interrupted' ORDER BY ended_at, id DESC`,
        [limit],
      ),
    async recent(session, limit) {
      const open = await session.rows<RecentAttempt>(
        `SELECT ${OPEN}, line, ${triesAfter(table, 'chat_row = l.chat_row')} AS tries FROM ${ofOpen} ${withLine} ORDER BY started_at DESC LIMIT $1`,
        [limit],
      );
      const ended = await session.rows<RecentAttempt>(
        `SELECT ${ENDED}, line, ${triesAfter(table, 'chat_row = a.chat_row AND id < a.id')} AS tries FROM ${ofEnded} ${withLine} ORDER BY a.id DESC LIMIT $1`,
        [limit],
      );
      return [...open, ...ended].slice(0, limit);
    },
    prune: (session, limit, endedBefore) =>
      session.run(
        `DELETE FROM ${schema}.attempts WHERE id = ANY(ARRAY(SELECT id FROM ${schema}.attempts ORDER BY id LIMIT $1))
          AND ended_at < $2`,
        [limit, endedBefore],
      ),
    totals: (since) =>
      `(SELECT json_build_object('succeeded', coalesce(sum(succeeded), 0)::bigint, 'lastSucceededAt', max(last_succeeded_at),
          'last24h', (SELECT json_build_object('succeeded', coalesce(sum(succeeded), 0)::bigint,
            'failed', coalesce(sum(failed), 0)::bigint) FROM ${minutes.name} WHERE minute >= ${since}))
        FROM ${schema}.share_totals)`,
    async history(session, now) {
      const rows = await session.rows<Outcomes & { hour: number }>(
        `SELECT hour, sum(succeeded)::bigint AS succeeded, sum(failed)::bigint AS failed FROM ${hours.name}
          WHERE hour >= $1 GROUP BY hour ORDER BY hour`,
        [historyFrom(now) / hours.spanMs],
      );
      return shareHistory(
        rows.map(({ hour, ...outcomes }) => ({ startAt: hour * hours.spanMs, ...outcomes })),
        now,
      );
    },
    async cutFiguresTo(session, now) {
      for (const { name, key, spanMs } of [minutes, hours]) {
        await session.run(
          `WITH later AS (DELETE FROM ${name} WHERE ${key} > $1 RETURNING succeeded, failed)
            INSERT INTO ${name} AS f (${key}, slot, succeeded, failed)
            SELECT $1, ${slot}, sum(succeeded)::bigint, sum(failed)::bigint FROM later HAVING count(*) > 0 ${addTo(key)}`,
          [Math.floor(now / spanMs)],
        );
      }
      await session.run(
        `UPDATE ${schema}.share_totals SET last_succeeded_at = least(last_succeeded_at, $1)`,
        [now],
      );
    },
  };
}

const addTo = (key: string) => `ON CONFLICT (${key}, slot) DO UPDATE
  SET succeeded = f.succeeded + excluded.succeeded, failed = f.failed + excluded.failed`;

interface Counted {
  readonly counted: keyof Outcomes;
  readonly endedAt: EpochMs;
}

function countedOf({ outcome, endedAt }: { outcome: Outcome; endedAt: EpochMs }): readonly Counted[] {
  const counted = countedAs(outcome);
  return counted === null ? [] : [{ counted, endedAt }];
}
