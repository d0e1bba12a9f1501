import { Type } from 'typebox';
import {
  LineSchema,
  type LineView,
  type Overview,
  OverviewSchema,
  PauseSchema,
  type Problem,
} from '../../status/view/schemas.ts';
import { durationInWords, timeInWords } from '../../status/view/wording.ts';
import { type ServiceCall, showing } from '../call-service.ts';
import { EXIT } from '../io.ts';
import type { Screen } from '../terminal/screen.ts';
import { renderFields, renderTable, wrap } from '../terminal/table.ts';
import { bytesInWords, countsInWords, orAbsent, timeOrAbsent } from '../terminal/words.ts';
import { type Register, serviceVerb } from '../verb.ts';
import { catchUpInWords } from './catch-up.ts';

/** `status`. */
export const registerStatus: Register = (program, context) => {
  const status = program
    .command('status')
    .description('show how the running service is (exit code 4 while an error is open)')
    .option('--strict', 'exit code 4 also while a warning is open');
  serviceVerb<{ strict?: boolean }>(status, context, async (_args, { strict }) =>
    lookAtStatus(strict === true),
  );
};

/** @param isStrict a warning is enough to be degraded */
export function lookAtStatus(isStrict: boolean): ServiceCall {
  return {
    method: 'GET',
    path: '/status',
    show: showing(OverviewSchema, (overview, screen) => {
      const isDegraded = !overview.ok || (isStrict && overview.problems.length > 0);
      const parts = [
        renderHead(overview, screen),
        ...overview.problems.map((problem) => renderProblem(problem, screen)),
        renderFields(fieldsOf(overview), screen.width),
        ...(overview.lines.length === 0 ? [] : [renderLines(overview.lines, screen)]),
      ];
      return { text: parts.join('\n'), exitCode: isDegraded ? EXIT.degraded : EXIT.fine };
    }),
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
    ...(paused ? [screen.yellow('All sharing is paused: resume ends this.')] : []),
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
    ['', `in the last 24 hours ${shares.last24h.succeeded} succeeded and ${shares.last24h.failed} failed`],
    ['', dueInWords(shares)],
    ['webhooks', `${accepted} accepted, ${ignored} ignored, ${quarantined} quarantined since the start`],
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
  return nextDueAt === null ? 'nothing is due' : `the next is due at ${timeOrAbsent(nextDueAt)}`;
}

function renderLines(lines: readonly LineView[], { width }: Screen): string {
  const rows = lines.map(({ line, card, chats, hold, until }) => [
    line,
    card.state,
    timeOrAbsent(card.checkedAt),
    String(chats),
    orAbsent(hold),
    timeOrAbsent(until),
  ]);
  return renderTable(['LINE', 'CARD', 'CARD CHECKED', 'CHATS', 'HOLD', 'UNTIL'], rows, width);
}

export function listLines(): ServiceCall {
  return {
    method: 'GET',
    path: '/status',
    show: showing(OverviewSchema, ({ lines }, screen) => ({
      text: lines.length === 0 ? 'No event told of a line yet.\n' : renderLines(lines, screen),
      json: lines,
    })),
  };
}

export function releaseLine(line: string): ServiceCall {
  return {
    method: 'DELETE',
    path: `/status/lines/${encodeURIComponent(line)}/hold`,
    show: showing(LineSchema, ({ line: name, hold, until }, { width }) => {
      const end = until === null ? '' : ` until ${timeInWords(Date.parse(until))}`;
      const state = hold === null ? 'Nothing holds it any more.' : `It is still held: ${hold}${end}.`;
      return { text: `${wrap(`Line ${name} is released. ${state}`, width)}\n` };
    }),
  };
}

export function setPaused(isPaused: boolean): ServiceCall {
  return {
    method: isPaused ? 'PUT' : 'DELETE',
    path: '/status/pause',
    show: showing(PauseSchema, ({ paused }) => ({
      text: paused ? 'All sharing is paused; `resume` goes on.\n' : 'Sharing goes on.\n',
    })),
  };
}

const ReadySchema = Type.Object({ status: Type.Literal('ready') });

export function checkHealth(): ServiceCall {
  return {
    method: 'GET',
    path: '/readyz',
    isOpen: true,
    show: showing(ReadySchema, () => ({ text: 'ready\n' })),
  };
}
