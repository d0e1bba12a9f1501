import type { EpochMs } from '../../decide/time.ts';
import type { Problem } from '../api/schemas.ts';
import type { Change } from '../problems/problem-book.ts';
import { showProblem } from '../problems/problem-view.ts';
import { durationInWords, isoTime } from '../view/wording.ts';

/**
 * What is posted when a problem opens, becomes an error, or closes. One that arrives twice has the same event, code, line
 * and since. Fields may be added, never changed.
 */
export interface Alert extends Omit<Problem, 'remedy'> {
  /** All of it in words: what chat tools show of a POST. */
  readonly text: string;
  /** The same for Discord, which refuses a longer one than 2,000 characters. */
  readonly content: string;
  readonly event: 'opened' | 'closed';
  /** When this alert was made. */
  readonly at: string;
  /** What to do; null: nothing is left to do. */
  readonly remedy: string | null;
  readonly version: string;
}

const CONTENT_LENGTH = 2_000;
const NAME = 'contact-card-reactor';

export function createAlert(
  { event, problem: { found, since, closedAt } }: Change,
  at: EpochMs,
  { version, showNumbers }: { readonly version: string; readonly showNumbers: boolean },
): Alert {
  const problem = showProblem(found, since, showNumbers);
  const { severity, code, message, remedy, line } = problem;
  const rest = { event, at: isoTime(at), version };
  if (event === 'opened') {
    return { ...problem, ...rest, ...inWords(`${severity} ${code}. ${message} ${remedy}`) };
  }
  const where = line === null ? '' : ` of ${line}`;
  const over = `${code}${where} is over; it lasted ${durationInWords((closedAt ?? at) - since)}.`;
  return { ...problem, ...rest, ...inWords(over), message: `The problem ${over}`, remedy: null };
}

function inWords(words: string): Pick<Alert, 'text' | 'content'> {
  const text = `${NAME}: ${words}`;
  const isLong = text.length > CONTENT_LENGTH;
  return { text, content: isLong ? `${text.slice(0, CONTENT_LENGTH - 1)}…` : text };
}
