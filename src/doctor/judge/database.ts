import type { StoreFault } from '../../errors.ts';
import { type Finding, fine, found } from '../finding.ts';

/** What looking at the database came to. */
export type SeenDatabase =
  | { readonly kind: 'none' }
  /** It can't be used; `message` is a sentence that says what to do. */
  | { readonly kind: 'failed'; readonly fault: StoreFault; readonly message: string }
  | { readonly kind: 'newer' }
  | {
      readonly kind: 'read';
      readonly schemaVersion: number;
      readonly latest: number;
      readonly pending: readonly string[];
      /** `ok`, what SQLite complains of, or null: it took too long, or couldn't be asked. */
      readonly quickCheck: string | null;
    };

/** @param isInUse a process works on it */
export function judgeDatabase(path: string, seen: SeenDatabase, isInUse: boolean): Finding {
  const details = { path, ...(seen.kind === 'read' ? { ...seen, kind: undefined } : {}), isInUse };
  switch (seen.kind) {
    case 'none':
      return fine('database', `${path} isn't there yet; the first start makes it.`, details);
    case 'failed':
      return judgeFault(path, seen.fault, seen.message);
    case 'newer':
      return found(
        'database_newer',
        `${path} was written by a newer version of this program. It is left untouched.`,
        'Run the newer version, or restore a backup of the older one: `contact-card-reactor restore FILE`.',
        details,
      );
    case 'read':
      return judgeContent(path, seen, isInUse, details);
  }
}

function judgeFault(path: string, fault: StoreFault, message: string): Finding {
  if (fault === 'corrupt') return damaged(path, message);
  if (fault === 'broken') {
    return found(
      'database_foreign',
      `${path} can't be used: ${message}.`,
      'Let DATABASE_URL name a file of its own, for example DATABASE_URL=file:./data/reactor.db.',
    );
  }
  return found(
    'database_unreadable',
    `${path} can't be read: ${message}.`,
    `Run doctor as the user of the service. If it is that user, give it the file: \`chown USER ${path}\`.`,
    { fault },
  );
}

function damaged(path: string, message: string): Finding {
  return found(
    'database_damaged',
    `${path} is damaged: ${message}.`,
    'Stop the service, keep a copy of the whole directory, then `contact-card-reactor restore FILE` with the newest backup, and start again: it reads from Linq what happened since.',
  );
}

type Content = Extract<SeenDatabase, { kind: 'read' }>;

function judgeContent(
  path: string,
  { schemaVersion, latest, pending, quickCheck }: Content,
  isInUse: boolean,
  details: Finding['details'],
): Finding {
  if (quickCheck !== null && quickCheck !== 'ok') return damaged(path, quickCheck);
  if (pending.length > 0) {
    return found(
      'database_pending',
      `${path} has schema ${schemaVersion}, this version of the program has ${latest}.`,
      isInUse
        ? 'An older version is still running: restart the service. It copies the database first.'
        : 'Start the service, or run `contact-card-reactor migrate`; both copy the database first.',
      details,
    );
  }
  const use = isInUse ? ' A running service works on it.' : '';
  if (quickCheck === null) {
    return found(
      'database_unchecked',
      `${path} has schema ${latest}; whether the file is sound couldn't be told in time.${use}`,
      'Run `contact-card-reactor backup`: it checks every row of the copy, however long that takes.',
      details,
    );
  }
  return fine('database', `${path} is sound (quick_check), schema ${latest}.${use}`, details);
}
