import { Check } from 'typebox/value';
import type { Clock } from '../../clock.ts';
import { SECOND } from '../../decide/time.ts';
import { CatchUpSchema, type CatchUpView, OverviewSchema } from '../../status/api/schemas.ts';
import {
  type Asked,
  askService,
  printJson,
  type ServiceOptions,
  type Surroundings,
  tellForeign,
} from '../call-service.ts';
import { EXIT, type ExitCode, type Io } from '../io.ts';
import { createProgressLine } from '../terminal/progress-line.ts';
import { causeInWords, progressBar, summaryInWords } from './catch-up-words.ts';

const LOOK_EVERY_MS = SECOND / 2;
/** Where lines can't be overwritten, there is one this often. */
const TELL_EVERY_MS = 10 * SECOND;

export interface CatchUpOptions extends ServiceOptions {
  readonly wait: boolean;
}

/**
 * Asks for a catch-up, and shows how far it is until it has ended.
 * @throws {UnreachableError} @throws {ConfigError} @throws {UsageError}
 */
export async function followCatchUp(
  options: CatchUpOptions,
  surroundings: Surroundings,
  clock: Clock,
): Promise<ExitCode> {
  const { io } = surroundings;
  const isJson = options.json === true;
  const read = (asked: Exclude<Asked, { exitCode: ExitCode }>): CatchUpView | null => {
    if (Check(CatchUpSchema, asked.body)) return asked.body;
    return Check(OverviewSchema, asked.body) ? asked.body.catchUp : null;
  };
  const look = async (method: 'GET' | 'POST', path: string): Promise<CatchUpView | ExitCode> => {
    const asked = await askService({ method, path }, options, surroundings);
    if ('exitCode' in asked) return asked.exitCode;
    return read(asked) ?? tellForeign(asked.url, io);
  };

  const started = await look('POST', '/status/catch-up');
  if (typeof started === 'number') return started;
  if (!options.wait) {
    if (isJson) printJson(started, io);
    else io.write('Catching up has begun; `status` shows how far it is.\n');
    return EXIT.fine;
  }
  const progress = createProgress(io, clock, isJson);
  let view = started;
  while (isUnderWay(view)) {
    progress.tell(view);
    await clock.sleepUntil(clock.now() + LOOK_EVERY_MS, LOOK_EVERY_MS, new AbortController().signal);
    const next = await look('GET', '/status');
    if (typeof next === 'number') return next;
    view = next;
  }
  progress.end();
  if (isJson) printJson(view, io);
  return conclude(view, isJson, io);
}

/** What waits for a better key waits for an operator: for whoever looks on, that is the end. */
function isUnderWay({ state, cause }: CatchUpView): boolean {
  return state === 'running' || (state === 'waiting' && cause !== 'api_key_rejected');
}

function conclude(view: CatchUpView, isJson: boolean, io: Io): ExitCode {
  if (view.state === 'idle' || view.state === 'off') {
    if (!isJson) io.write(`${summaryInWords(view)}\n`);
    return view.chatsUnread === 0 ? EXIT.fine : EXIT.failed;
  }
  io.writeError(`Not caught up: ${causeInWords(view.cause)}. The service tries again by itself.\n`);
  return EXIT.failed;
}

function createProgress(io: Io, clock: Clock, isSilent: boolean) {
  const line = createProgressLine(io);
  let toldAt = Number.NEGATIVE_INFINITY;
  return {
    tell(view: CatchUpView): void {
      if (isSilent) return;
      if (io.isTerminal) line.tell(progressBar(view));
      else if (clock.monotonic() - toldAt >= TELL_EVERY_MS) {
        toldAt = clock.monotonic();
        io.write(`${progressBar(view)}\n`);
      }
    },
    end(): void {
      line.clear();
    },
  };
}
