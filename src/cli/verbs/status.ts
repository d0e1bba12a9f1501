import type { Overview, Problem } from '../../status/view/schemas.ts';
import { bytesInWords, durationInWords } from '../../status/view/wording.ts';
import type { ServiceCall } from '../call-service.ts';
import { EXIT } from '../io.ts';
import type { Screen } from '../terminal/screen.ts';
import { renderFields, wrap } from '../terminal/table.ts';
import { countsInWords, timeOrAbsent } from '../terminal/values.ts';
import { type Register, serviceVerb } from '../verb.ts';
import { catchUpInWords } from './catch-up.ts';
import { renderLines } from './line.ts';

/** `status`. */
export const registerStatus: Register = (program, context) => {
  const status = program
    .command('status')
    .description('show the state of the running service (exit code 4 while an error is open)')
    .option('--strict', 'exit with 4 while a warning is open, too');
  serviceVerb(status, context, (_args, { strict }: { strict?: boolean }) => showStatus(strict === true));
};

/** @param isStrict a warning is enough for `degraded` */
function showStatus(isStrict: boolean): ServiceCall<'OverviewSchema'> {
  return {
    method: 'GET',
    path: '/status',
    answer: 'OverviewSchema',
    show: (overview, screen) => {
      const isDegraded = !overview.ok || (isStrict && overview.problems.length > 0);
      const parts = [
        renderHead(overview, screen),
        ...overview.problems.map((problem) => renderProblem(problem, screen)),
        renderFields(fieldsOf(overview), screen.width),
        ...(overview.lines.length === 0 ? [] : [renderLines(overview.lines, screen)]),
      ];
      return { text: parts.join('\n'), exitCode: isDegraded ? EXIT.degraded : EXIT.fine };
    },
  };
}

function renderHead(
  { version, startedAt, now, ok, problems, paused, dryRun }: Overview,
  screen: Screen,
): string {
  const state = !ok
    ? screen.red('has errors')
    : problems.length > 0
      ? screen.yellow('has warnings')
      : 'is fine';
  const uptime = durationInWords(Date.parse(now) - Date.parse(startedAt));
  const lines = [
    `${screen.bold(`contact-card-reactor ${version}`)} ${state}`,
    `up for ${uptime}`,
    ...(paused ? [screen.yellow('All sharing is paused. `resume` ends the pause.')] : []),
    ...(dryRun ? [screen.yellow('DRY_RUN is true: shares are only recorded.')] : []),
  ];
  return `${lines.join('\n')}\n`;
}

function renderProblem({ code, severity, since, message, remedy }: Problem, screen: Screen): string {
  const paint = severity === 'error' ? screen.red : screen.yellow;
  const indent = '  ';
  const text = (words: string) => `${indent}${wrap(words, screen.width - indent.length, indent)}\n`;
  return `${paint(severity)} ${screen.bold(code)}\n${text(`since ${timeOrAbsent(since)}`)}${text(message)}${text(remedy)}`;
}

function fieldsOf({ chats, shares, webhooks, catchUp, store }: Overview): [string, string][] {
  const { rejected, accepted, ignored, quarantined } = webhooks;
  const refused = Object.values(rejected).reduce((sum, count) => sum + count, 0);
  return [
    ['chats', inTotal(chats.total, countsInWords(chats.byState))],
    [
      'shares',
      `${shares.total}${shares.lastSucceededAt === null ? '' : `, the last at ${timeOrAbsent(shares.lastSucceededAt)}`}`,
    ],
    ['', `${shares.last24h.succeeded} succeeded and ${shares.last24h.failed} failed in the last 24 hours`],
    ['', dueInWords(shares)],
    ['webhooks', `${accepted} accepted, ${ignored} ignored, ${quarantined} quarantined since it started`],
    ['', `${inTotal(refused, countsInWords(rejected))} rejected`],
    [
      '',
      webhooks.lastAcceptedAt === null
        ? 'none yet'
        : `last accepted at ${timeOrAbsent(webhooks.lastAcceptedAt)}`,
    ],
    ['catch-up', catchUpInWords(catchUp)],
    ['database', `${store.kind}, ${bytesInWords(store.sizeBytes)}, schema ${store.schemaVersion}`],
  ];
}

const inTotal = (total: number, parts: string) => (parts === '' ? String(total) : `${total} (${parts})`);

function dueInWords({ overdue, oldestOverdueSeconds, nextDueAt }: Overview['shares']): string {
  if (oldestOverdueSeconds !== null) {
    return `${overdue} due now, the oldest for ${durationInWords(oldestOverdueSeconds * 1_000)}`;
  }
  return nextDueAt === null ? 'none due' : `next due at ${timeOrAbsent(nextDueAt)}`;
}
