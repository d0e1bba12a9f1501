import { maskNumber } from '../../mask.ts';
import { type Finding, fine, found } from '../finding.ts';

/** @param wanted LINQ_LINES; null: all */
export function judgeLines(lines: readonly string[], wanted: ReadonlySet<string> | null): Finding {
  const details = { lines: lines.map(maskNumber) };
  if (lines.length === 0) {
    return found(
      'lines_none',
      'The account has no line, so there is nothing to share on.',
      'Ask Linq for a line, or put the API key of the account that has one into LINQ_API_KEY, and restart the service.',
      details,
    );
  }
  const unknown = [...(wanted ?? [])].filter((line) => !lines.includes(line)).map(maskNumber);
  if (unknown.length > 0) {
    return found(
      'lines_unknown',
      `LINQ_LINES names what is no line of the account: ${unknown.join(', ')}.`,
      `Correct LINQ_LINES and restart the service. The account has: ${details.lines.join(', ')}.`,
      { ...details, unknown },
    );
  }
  const some = wanted === null ? '' : ` LINQ_LINES picks ${wanted.size} of them.`;
  return fine('lines', `The account has ${details.lines.join(', ')}.${some}`, details);
}
