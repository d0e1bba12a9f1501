import { type Clock, createSystemClock } from '../../clock.ts';
import { SECOND } from '../../decide/time.ts';
import { UnreachableError, UsageError } from '../../errors.ts';
import type { Overview, Problem } from '../../status/view/schemas.ts';
import { bytesInWords, durationInWords } from '../../status/view/wording.ts';
import type { ServiceCall, ServiceOptions, Surroundings } from '../call-service.ts';
import { EXIT, type ExitCode } from '../io.ts';
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
    .option('--strict', 'exit with 4 while a warning is open, too')
    .option('--watch', 'show it again every 5 seconds, until Ctrl-C');
  serviceVerb(
    status,
    context,
    async (_args, options: { strict?: boolean; watch?: boolean } & ServiceOptions, surroundings) => {
      const call = showStatus(options.strict === true);
      if (options.watch !== true) return call;
      if (options.json === true)
        throw new UsageError('--watch shows text: it can’t be combined with --json.');
      return watch(call, options, surroundings, createSystemClock(), untilStopped());
    },
  );
};

const WATCH_EVERY_MS = 5 * SECOND;
/** Clears the screen, and goes to its start. */
const CLEAR = '\u001b[2J\u001b[H';

/** Ends with Ctrl-C, or when nobody reads the output any more. */
function untilStopped(): AbortSignal {
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
  process.stdout.once('error', () => stop.abort());
  return stop.signal;
}

/**
 * Shows the answer again and again: on a terminal in place of the one before. Once the service has answered, it may
 * stop, start again, and have another token.
 * @throws as `callService`, of the first call
 */
export async function watch(
  call: ServiceCall<'OverviewSchema'>,
  options: ServiceOptions,
  surroundings: Surroundings,
  clock: Pick<Clock, 'now' | 'sleepUntil'>,
  stopped: AbortSignal,
): Promise<ExitCode> {
  const { io } = surroundings;
  const { callService } = await import('../call-service.ts');
  const isRedrawn = io.isTerminal && io.env.TERM !== 'dumb';
  for (let hasAnswered = false; !stopped.aborted; ) {
    let block = '';
    const write = (text: string) => {
      block += text;
    };
    const caught = { ...surroundings, io: { ...io, write, writeError: write }, signal: stopped };
    const exitCode = await callService(call, options, caught).catch((error: unknown) => {
      const isExpected = hasAnswered || stopped.aborted;
      if (!isExpected || !(error instanceof UnreachableError)) throw error;
      write(`${wrap(error.message, io.columns)}\n`);
      return EXIT.unreachable;
    });
    if (stopped.aborted) break;
    if (exitCode === EXIT.fine || exitCode === EXIT.degraded) hasAnswered = true;
    else if (!hasAnswered) {
      io.writeError(block);
      return exitCode;
    }
    const at = timeOrAbsent(new Date(clock.now()).toISOString());
    io.write(isRedrawn ? `${CLEAR}${block}\n${at}. Ctrl-C ends.\n` : `--- ${at}\n${block}\n`);
    await clock.sleepUntil(clock.now() + WATCH_EVERY_MS, WATCH_EVERY_MS, stopped);
  }
  return EXIT.fine;
}

/** @param isStrict a warning is enough for `degraded` */
export function showStatus(isStrict: boolean): ServiceCall<'OverviewSchema'> {
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
    ...(store.kind === 'sqlite' ? [['', backupInWords(store)] satisfies [string, string]] : []),
  ];
}

const backupInWords = ({ lastBackupAt }: Overview['store']) =>
  lastBackupAt === null
    ? 'no scheduled backup made'
    : `last scheduled backup at ${timeOrAbsent(lastBackupAt)}`;

const inTotal = (total: number, parts: string) => (parts === '' ? String(total) : `${total} (${parts})`);

function dueInWords({ overdue, oldestOverdueSeconds, nextDueAt }: Overview['shares']): string {
  if (oldestOverdueSeconds !== null) {
    return `${overdue} due now, the oldest for ${durationInWords(oldestOverdueSeconds * 1_000)}`;
  }
  return nextDueAt === null ? 'none due' : `next due at ${timeOrAbsent(nextDueAt)}`;
}
