import { maskNumber } from '../../mask.ts';
import type { Problem } from '../../status/api/schemas.ts';
import { type Finding, fine, found } from '../finding.ts';

/** The service's own view, or the status by which it refuses to tell. */
export type SeenStatus =
  | { readonly kind: 'told'; readonly problems: readonly Problem[] }
  | { readonly kind: 'refused'; readonly httpStatus: number };

/** Each open problem becomes a finding with the remedy that the service tells. */
export function judgeProblems(seen: SeenStatus): readonly Finding[] {
  if (seen.kind === 'refused') {
    return [
      found(
        'status_closed',
        `The service doesn't tell its problems (HTTP ${seen.httpStatus} to GET /status): no token opens it.`,
        'Set STATUS_TOKEN as the service has it, or run doctor on its machine, as its user and in its directory.',
        { httpStatus: seen.httpStatus },
      ),
    ];
  }
  if (seen.problems.length === 0) return [fine('problems', 'The service has none.')];
  return seen.problems.map(({ code, severity, since, line, message, remedy }) =>
    found(
      severity === 'error' ? 'problem_error' : 'problem_warning',
      `${code}: ${hideNumbers(message)}`,
      hideNumbers(remedy),
      { problem: code, since, line: line === null ? null : hideNumbers(line) },
    ),
  );
}

/** With SHOW_NUMBERS the service tells them in full; what doctor prints is made to be passed on. */
const hideNumbers = (text: string) => text.replaceAll(/\+\d{8,15}/g, maskNumber);
