import { CHECKS, type CheckId } from './codes.ts';
import { type Finding, skipped } from './finding.ts';

/** Makes one check: announces it, keeps what it finds, and resolves to that. A check that breaks is no end of the others. */
export type Report = (
  id: CheckId,
  check: () => Promise<Finding | readonly Finding[]>,
) => Promise<readonly Finding[]>;

export function createReport({
  onCheck,
  onFinding,
}: {
  readonly onCheck: ((title: string) => void) | undefined;
  readonly onFinding: ((finding: Finding) => void) | undefined;
}): { readonly report: Report; readonly findings: readonly Finding[] } {
  const findings: Finding[] = [];
  return {
    findings,
    async report(id, check) {
      onCheck?.(CHECKS[id]);
      const made = [await check().catch((error: unknown) => skipped(id, describe(error)))].flat();
      for (const finding of made) {
        findings.push(finding);
        onFinding?.(finding);
      }
      return made;
    },
  };
}

/** An unforeseen error's message may quote anything, so only its name and code are told. */
function describe(error: unknown): string {
  const name = error instanceof Error ? error.name : 'something other than an error';
  const code = error instanceof Error && 'code' in error ? ` ${String(error.code)}` : '';
  return `This check failed itself (${name}${code}): please report it.`;
}
