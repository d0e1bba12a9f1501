import type { ChatReason, ChatState } from '../../decide/chat.ts';
import { StoreError } from '../../errors.ts';
import type { CountKey } from '../schema/chat-row.ts';
import type { StoreContext } from './context.ts';
import { countChange } from './control-table.ts';
import type { Session } from './database.ts';

/** Stands for no line: `IS NOT DISTINCT FROM` uses no index. */
const NO_LINE = 0;

/**
 * Numbers of lines, and of what chats are counted by. Both are committed ahead of the rows that refer to them, and never
 * changed or deleted, so that whatever is known here stays true.
 */
export interface Dictionary {
  /**
   * Adds lines that are missing, with their gates; afterwards `lineIdOf` knows them. It may wait for who has locked
   * `ControlTable`, so nobody calls it with new lines after that.
   */
  addLines(lines: readonly (string | null)[]): Promise<void>;
  /** @throws {StoreError} when the line wasn't added */
  lineIdOf(line: string | null): number;
  /** The numbers of lines; `undefined`: there is no such line. */
  findLines(session: Session, lines: readonly (string | null)[]): Promise<readonly (number | undefined)[]>;
  /** Adds keys that are missing, and their lines; afterwards `countIdOf` knows them. */
  addCounts(keys: readonly CountKey[]): Promise<void>;
  /** @throws {StoreError} when the key wasn't added */
  countIdOf(key: CountKey): number;
  /** Reads keys that aren't known yet; afterwards `keyOf` knows them. */
  readKeys(ids: readonly number[]): Promise<void>;
  /** @throws {StoreError} when no row has this number */
  keyOf(id: number): CountKey;
  /** The database is of an earlier moment than what is known here: it may lack rows, and give their numbers to others. */
  forget(): void;
}

interface CountRow {
  readonly id: number;
  readonly lineId: number;
  readonly line: string | null;
  readonly state: ChatState;
  readonly reason: ChatReason;
}

export function createDictionary({
  database,
  schema,
}: Pick<StoreContext, 'database' | 'schema'>): Dictionary {
  const lineIds = new Map<string | null, number>([[null, NO_LINE]]);
  const countIds = new Map<string, number>();
  const keys = new Map<number, CountKey>();
  const counted = `SELECT k.id, k.line_id AS "lineId", line, k.state, k.reason
    FROM ${schema}.chat_counts k LEFT JOIN ${schema}.lines l ON l.id = k.line_id`;

  function forget(): void {
    for (const known of [lineIds, countIds, keys]) known.clear();
    lineIds.set(null, NO_LINE);
  }

  const nameOf = ({ line, state, reason }: CountKey) => `${line} ${state} ${reason}`;
  const missingLines = (lines: readonly (string | null)[]) =>
    [...new Set(lines)].filter((line): line is string => line !== null && !lineIds.has(line));

  async function selectLines(session: Session, lines: readonly string[]): Promise<void> {
    const rows = await session.rows<{ id: number; line: string }>(
      `SELECT id, line FROM ${schema}.lines WHERE line = ANY($1)`,
      [lines],
    );
    for (const { id, line } of rows) lineIds.set(line, id);
  }

  function learn({ id, lineId, line, state, reason }: CountRow): void {
    const key = { line, state, reason };
    lineIds.set(line, lineId);
    keys.set(id, key);
    countIds.set(nameOf(key), id);
  }

  const columnsOf = (wanted: readonly CountKey[]) => [
    wanted.map(({ line }) => dictionary.lineIdOf(line)),
    wanted.map(({ state }) => state),
    wanted.map(({ reason }) => reason),
  ];
  const WANTED = 'unnest($1::bigint[], $2::text[], $3::text[]) AS w (line_id, state, reason)';
  const selectCounts = async (session: Session, wanted: readonly CountKey[]) => {
    const rows = await session.rows<CountRow>(
      `${counted} JOIN ${WANTED} ON w.line_id = k.line_id AND w.state = k.state AND w.reason = k.reason`,
      columnsOf(wanted),
    );
    rows.forEach(learn);
  };

  const dictionary: Dictionary = {
    async addLines(lines) {
      if (missingLines(lines).length === 0) return;
      await database.aheadWaiting(async (session) => {
        await selectLines(session, missingLines(lines));
        const missing = missingLines(lines); // asked for first: each refused row would use up a number
        if (missing.length === 0) return;
        await session.run(
          `WITH n AS (INSERT INTO ${schema}.lines (line)
              SELECT line FROM unnest($1::text[]) WITH ORDINALITY AS w (line, o) ORDER BY o
              ON CONFLICT (line) DO NOTHING RETURNING id),
            g AS (INSERT INTO ${schema}.line_gates (line_id) SELECT id FROM n)
            ${countChange(`${schema}.control`, 'EXISTS (SELECT 1 FROM n)')}`,
          [missing],
        );
        await selectLines(session, missing);
      });
    },
    lineIdOf(line) {
      const id = lineIds.get(line);
      if (id === undefined) throw new StoreError('broken', 'a line has no number yet');
      return id;
    },
    async findLines(session, lines) {
      const missing = missingLines(lines);
      if (missing.length > 0) await selectLines(session, missing);
      return lines.map((line) => lineIds.get(line));
    },
    async addCounts(wanted) {
      await dictionary.addLines(wanted.map(({ line }) => line));
      const missing = () => {
        const named = new Map(wanted.map((key) => [nameOf(key), key]));
        return [...named].filter(([name]) => !countIds.has(name)).map(([, key]) => key);
      };
      if (missing().length === 0) return;
      await database.ahead(async (session) => {
        await selectCounts(session, missing());
        const added = missing();
        if (added.length === 0) return;
        await session.run(
          `INSERT INTO ${schema}.chat_counts (line_id, state, reason) SELECT line_id, state, reason FROM ${WANTED}
            ORDER BY line_id, state, reason ON CONFLICT (line_id, state, reason) DO NOTHING`,
          columnsOf(added),
        );
        await selectCounts(session, added);
      });
    },
    countIdOf(key) {
      const id = countIds.get(nameOf(key));
      if (id === undefined) throw new StoreError('broken', 'a count has no row yet');
      return id;
    },
    async readKeys(ids) {
      const missing = [...new Set(ids)].filter((id) => !keys.has(id));
      if (missing.length === 0) return;
      const rows = await database.ahead((session) =>
        session.rows<CountRow>(`${counted} WHERE k.id = ANY($1)`, [missing]),
      );
      rows.forEach(learn);
    },
    forget,
    keyOf(id) {
      const key = keys.get(id);
      if (key === undefined) throw new StoreError('broken', `a chat refers to count ${id}, which is missing`);
      return key;
    },
  };
  return dictionary;
}
