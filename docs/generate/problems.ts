import { PROBLEM_WORDS, type ProblemCode } from '../../src/status/problems/problem-words.ts';
import { PROBLEM_NOTES } from './problem-notes.ts';

const HEAD = `# Problems

<!-- Written by "npm run docs". Change src/status/problems/problem-words.ts or docs/generate/problem-notes*.ts instead. -->

The service looks at itself all the time and says what is wrong: on its page, in \`GET /status\`, in \`contact-card-reactor status\` and \`doctor\`,
in the metrics, and to \`ALERT_WEBHOOK_URL\` when a problem opens and when it closes. This page has a chapter on each.

An **error** makes \`ok\` false and \`contact-card-reactor status\` exit with 4. A **warning** concerns a part: one line, or what may go wrong soon.
Commands that are named here run where the service runs, in its working directory.
`;

/** What stands in the words of a problem for what only the moment tells. */
const DETAILS: Readonly<Partial<Record<ProblemCode, string>>> = {
  store_failing: 'full',
  unreadable_deliveries: '3',
  chats_parked: '2',
  webhooks_silent: '1 d 2 h',
  disk_low: '812 MiB',
  catch_up_failing: 'http_503',
  alerts_failing: 'HTTP 400',
};

/** `docs/problems.md`. */
export function renderProblems(): string {
  const codes = Object.keys(PROBLEM_WORDS) as ProblemCode[];
  const listed = (severity: string) => codes.filter((code) => PROBLEM_WORDS[code].severity === severity);
  const list = (severity: string) =>
    listed(severity)
      .map((code) => `[${code}](#${code})`)
      .join(' · ');
  return `${[
    HEAD.trimEnd(),
    `Errors: ${list('error')}`,
    `Warnings: ${list('warning')}`,
    ...[...listed('error'), ...listed('warning')].map(chapterOf),
  ].join('\n\n')}\n`;
}

function chapterOf(code: ProblemCode): string {
  const { severity, mayWorsen, message, remedy } = PROBLEM_WORDS[code];
  const note = PROBLEM_NOTES[code];
  if (note === undefined) throw new Error(`docs/generate/problem-notes*.ts has nothing on ${code}`);
  const fill = (text: string) =>
    text.replace(/\bLINE\b/, '+1•••••0100').replace(/\bDETAIL\b/, DETAILS[code] ?? 'DETAIL');
  return [
    `## ${code}`,
    `*${severity === 'error' ? 'Error' : mayWorsen ? 'Warning or error' : 'Warning'}.* ${fill(message)}`,
    `> ${remedy}`,
    `**What it looks like.** ${note.seen}`,
    `**How to confirm it.** ${note.confirm}`,
    `**What to do:**`,
    note.steps.map((step, index) => `${index + 1}. ${step}`).join('\n'),
    `**What ends it.** ${note.clears}`,
    `**What is lost meanwhile.** ${note.lost}`,
  ].join('\n\n');
}
