import type { Closure } from '../../decide/holds.ts';
import type { GateView } from '../../dispatch/dispatcher.ts';

/** What closes the account and its lines at one moment. */
export interface Closures {
  readonly account: Closure | null;
  /** Only lines that are closed. */
  readonly lines: ReadonlyMap<string, Closure>;
  /** What a chat of this line (null: of none that is known) is closed by: the account before its line. */
  of(line: string | null): Closure | null;
}

export function closuresOf({ account, lines }: Pick<GateView, 'account' | 'lines'>): Closures {
  const closed = new Map<string, Closure>();
  for (const { line, closure } of lines) if (closure !== null) closed.set(line.line, closure);
  return {
    account,
    lines: closed,
    of: (line) => account ?? (line === null ? null : (closed.get(line) ?? null)),
  };
}
