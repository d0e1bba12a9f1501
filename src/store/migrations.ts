import { readFileSync } from 'node:fs';

export interface Migration {
  /** From 1, in the order in which they are applied. */
  readonly number: number;
  readonly tag: string;
  readonly sql: string;
}

/** The migrations in a folder that drizzle-kit generated, oldest first. */
export function readMigrationsIn(folder: URL): readonly Migration[] {
  const journal: { entries: { tag: string }[] } = JSON.parse(
    readFileSync(new URL('meta/_journal.json', folder), 'utf8'),
  );
  return journal.entries.map(({ tag }, index) => ({
    number: index + 1,
    tag,
    sql: readFileSync(new URL(`${tag}.sql`, folder), 'utf8'),
  }));
}
