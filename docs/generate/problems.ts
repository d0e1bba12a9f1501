import { PROBLEM_NOTES } from '../../src/status/problems/problem-notes.ts';
import { PROBLEM_WORDS, type ProblemCode } from '../../src/status/problems/problem-words.ts';

const HEAD = `# Problems

<!-- Written by "npm run docs". Change src/status/problems/problem-words.ts or problem-notes.ts instead. -->

The service watches itself and reports what is wrong: on the status page, in \`GET /status\`, in \`contact-card-reactor status\` and \`doctor\`,
in the metrics, and to \`ALERT_WEBHOOK_URL\` when a problem opens and closes.

An **error** makes \`ok\` false and \`contact-card-reactor status\` exit with 4. A **warning** affects a part, such as one line, or announces
trouble. Run the commands where the service runs, in its working directory. Unless a section says otherwise, nothing is lost for good: shares are
late, and follow oldest first at a limited rate; chats that became idle (\`RESHARE_IDLE_AFTER\`) wait for their next outbound message; catch-up reads
what webhooks missed.
`;

/** `docs/problems.md`. */
export function renderProblems(): string {
  const codes = Object.keys(PROBLEM_WORDS) as ProblemCode[];
  const listed = (severity: string) => codes.filter((code) => PROBLEM_WORDS[code].severity === severity);
  const list = (severity: string) =>
    listed(severity)
      .map((code) => `[${code}](#${code})`)
      .join(', ');
  return `${[
    HEAD.trimEnd(),
    `Errors: ${list('error')}`,
    `Warnings: ${list('warning')}`,
    ...[...listed('error'), ...listed('warning')].map(chapterOf),
  ].join('\n\n')}\n`;
}

function chapterOf(code: ProblemCode): string {
  const { severity, mayWorsen, message } = PROBLEM_WORDS[code];
  const { detail = 'DETAIL', seen, confirm, steps, ends, lost } = PROBLEM_NOTES[code];
  const fill = (text: string) => text.replace(/\bLINE\b/, '+1•••••0100').replace(/\bDETAIL\b/, detail);
  return [
    `## ${code}`,
    `*${severity === 'error' ? 'Error' : mayWorsen ? 'Warning or error' : 'Warning'}.* ${fill(message)}`,
    ...(seen === undefined ? [] : [seen]),
    `**Confirm:** ${confirm}`,
    steps.map((step, index) => `${index + 1}. ${step}`).join('\n'),
    [`**Ends** ${ends}`, ...(lost === undefined ? [] : [`**Lost:** ${lost}`])].join(' '),
  ].join('\n\n');
}
