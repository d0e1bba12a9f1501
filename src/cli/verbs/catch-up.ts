import { type Clock, createSystemClock } from '../../clock.ts';
import { SECOND } from '../../decide/time.ts';
import type { CatchUpView } from '../../status/view/schemas.ts';
import { chatsInWords, durationInWords } from '../../status/view/wording.ts';
import type { Answered, ServiceOptions, Surroundings } from '../call-service.ts';
import { EXIT, type ExitCode, type Io } from '../io.ts';
import { createProgressLine, progressBar } from '../terminal/progress.ts';
import { printJson } from '../terminal/screen.ts';
import { timeOrAbsent } from '../terminal/values.ts';
import { type Register, withServiceOptions } from '../verb.ts';

/** `catch-up`. */
export const registerCatchUp: Register = (program, { io, readSources, run }) => {
  const catchUp = program
    .command('catch-up')
    .description('read from Linq what webhooks missed, and show the progress')
    .option('--no-wait', 'start it without waiting for it to end');
  withServiceOptions(catchUp).action(
    run(async (options: CatchUpOptions) =>
      followCatchUp(options, { io, sources: await readSources() }, createSystemClock()),
    ),
  );
};

const LOOK_EVERY_MS = SECOND / 2;
/** Where lines can't be overwritten, progress is printed this often. */
const PRINT_EVERY_MS = 10 * SECOND;

interface CatchUpOptions extends ServiceOptions {
  readonly wait: boolean;
}

/**
 * Requests a catch-up and shows its progress until it ends.
 * @throws {UnreachableError} @throws {ConfigError} @throws {UsageError}
 */
async function followCatchUp(
  options: CatchUpOptions,
  surroundings: Surroundings,
  clock: Clock,
): Promise<ExitCode> {
  const { io } = surroundings;
  const isJson = options.json === true;
  const { askService } = await import('../call-service.ts');
  const look = async (): Promise<Answered<CatchUpView>> => {
    const looked = await askService(
      { method: 'GET', path: '/status', answer: 'OverviewSchema' },
      options,
      surroundings,
    );
    return 'exitCode' in looked ? looked : { ...looked, body: looked.body.catchUp };
  };

  const started = await askService(
    { method: 'POST', path: '/status/catch-up', answer: 'CatchUpSchema' },
    options,
    surroundings,
  );
  if ('exitCode' in started) return started.exitCode;
  if (!options.wait) {
    if (isJson) printJson(started.body, io);
    else io.write('Catch-up started. `status` shows its progress.\n');
    return EXIT.fine;
  }
  const progress = createProgress(io, clock, isJson);
  let view = started.body;
  while (isUnderWay(view)) {
    progress.show(view);
    await clock.sleepUntil(clock.now() + LOOK_EVERY_MS, LOOK_EVERY_MS, new AbortController().signal);
    const looked = await look();
    if ('exitCode' in looked) return looked.exitCode;
    view = looked.body;
  }
  progress.end();
  if (isJson) printJson(view, io);
  return conclude(view, isJson, io);
}

/** A run that waits for a better key waits for an operator, so following it ends here. */
function isUnderWay({ state, cause }: CatchUpView): boolean {
  return state === 'running' || (state === 'waiting' && cause !== 'api_key_rejected');
}

function conclude(view: CatchUpView, isJson: boolean, io: Io): ExitCode {
  if (view.state === 'idle' || view.state === 'off') {
    if (!isJson) io.write(`${summaryInWords(view)}\n`);
    return view.chatsUnread === 0 ? EXIT.fine : EXIT.failed;
  }
  io.writeError(`Not caught up: ${causeInWords(view.cause)}. The service retries automatically.\n`);
  return EXIT.failed;
}

function createProgress(io: Io, clock: Clock, isSilent: boolean) {
  const line = createProgressLine(io);
  let printedAt = Number.NEGATIVE_INFINITY;
  return {
    show(view: CatchUpView): void {
      if (isSilent) return;
      if (io.isTerminal) line.show(renderProgress(view));
      else if (clock.monotonic() - printedAt >= PRINT_EVERY_MS) {
        printedAt = clock.monotonic();
        io.write(`${renderProgress(view)}\n`);
      }
    },
    end(): void {
      line.clear();
    },
  };
}

const CAUSES: ReadonlyMap<string, string> = new Map([
  ['rate_limited', 'Linq is rate limiting this account'],
  ['api_key_rejected', 'Linq rejects the API key'],
  ['clock_skew', 'this machine’s clock disagrees with Linq’s'],
  ['no_leader', 'no replica leads yet; one does within 30 seconds'],
  ['unforeseen', 'an error; see the service log'],
]);

function causeInWords(cause: string | null): string {
  return cause === null ? 'not its turn yet' : (CAUSES.get(cause) ?? `Linq’s API failed (${cause})`);
}

/** Catch-up's line of the status. */
export function catchUpInWords(view: CatchUpView): string {
  const { state, cause, lastCompletedAt } = view;
  const last =
    lastCompletedAt === null ? 'never completed' : `last completed at ${timeOrAbsent(lastCompletedAt)}`;
  if (state === 'idle') return last;
  if (state === 'off') return `only on demand, ${last}`;
  if (state === 'running') return `running, ${progressInWords(view)}; ${last}`;
  return `${state}: ${causeInWords(cause)}; ${last}`;
}

/** `560 of 1000 chats, 12 read`. */
function progressInWords({ chatsSeen, chatsTotal, chatsRead }: CatchUpView): string {
  const seen =
    chatsTotal === null ? `${chatsInWords(chatsSeen)} so far` : `${chatsSeen} of ${chatsInWords(chatsTotal)}`;
  return `${seen}, ${chatsRead} read`;
}

/** `[######------------------]  25 %  25 of 100 chats, 3 read`; without a bar while the total is unknown. */
function renderProgress(view: CatchUpView): string {
  const { state, cause, chatsSeen, chatsTotal } = view;
  const words = state === 'waiting' ? `waiting: ${causeInWords(cause)}` : progressInWords(view);
  if (chatsTotal === null) return `Catching up: ${words}`;
  const part = chatsTotal === 0 ? 1 : Math.min(1, chatsSeen / chatsTotal);
  const percent = `${Math.floor(part * 100)} %`.padStart(5);
  return `${progressBar(part)} ${percent}  ${words}`;
}

/** The result of a completed run. */
function summaryInWords(view: CatchUpView): string {
  const { chatsSeen, chatsRead, chatsChanged, chatsUnread, startedAt, lastCompletedAt } = view;
  const skipped = Math.max(0, chatsSeen - chatsRead - chatsUnread);
  const tookMs = Date.parse(lastCompletedAt ?? '') - Date.parse(startedAt ?? '');
  const took = Number.isFinite(tookMs) ? ` in ${durationInWords(tookMs)}` : '';
  const unread =
    chatsUnread === 0
      ? ''
      : ` ${chatsUnread} couldn’t be read: the next run retries them; the service log says why.`;
  return `Caught up${took}: ${chatsInWords(chatsSeen)} seen, ${chatsRead} read, ${skipped} unchanged and skipped; ${chatsChanged} updated.${unread}`;
}
