import type { EpochMs } from '../../decide/time.ts';
import type { Problem } from '../api/schemas.ts';
import { showLine } from '../view/chat-view.ts';
import { isoTime } from '../view/wording.ts';
import { PROBLEM_WORDS } from './problem-words.ts';
import type { OpenProblem } from './problems.ts';

/** A problem as people and machines see it. */
export function showProblem(
  { code, line: number, detail, errorSince }: Omit<OpenProblem, 'since' | 'noticedAt'>,
  since: EpochMs,
  showNumbers: boolean,
): Problem {
  const { severity, message, remedy } = PROBLEM_WORDS[code];
  const line = number === undefined ? null : showLine(number, showNumbers);
  const fill = (text: string) =>
    text.replace(/\bLINE\b/, () => line ?? '').replace(/\bDETAIL\b/, () => detail ?? '?'); // not in a setting's name
  return {
    code,
    severity: errorSince === undefined ? severity : 'error',
    since: isoTime(since),
    line,
    message: fill(message),
    remedy: fill(remedy),
  };
}

/** Errors first, then the oldest. */
export function compareProblems(a: Problem, b: Problem): number {
  const rank = ({ severity }: Problem) => (severity === 'error' ? 0 : 1);
  return rank(a) - rank(b) || Date.parse(a.since) - Date.parse(b.since);
}
