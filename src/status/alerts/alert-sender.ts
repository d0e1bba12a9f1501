import type { Clock } from '../../clock.ts';
import { doublingMs } from '../../decide/pacing.ts';
import { type EpochMs, MINUTE, SECOND } from '../../decide/time.ts';
import type { Change, ProblemBook } from '../problems/problem-book.ts';
import type { ProblemWatch } from '../problems/problem-watch.ts';
import { showProblem } from '../problems/problem-words.ts';
import type { AlertState } from '../problems/problems.ts';
import type { ShowLine } from '../view/chat-view.ts';
import type { Problem } from '../view/schemas.ts';
import { durationInWords, isoTime } from '../view/wording.ts';
import type { Poster } from './poster.ts';

interface AlertSenderDeps {
  readonly watch: Pick<ProblemWatch, 'book' | 'write'>;
  readonly poster: Poster;
  readonly clock: Clock;
  readonly log: { warn(fields: object, event: string): void };
  readonly version: string;
  readonly showLine: ShowLine;
}

interface AlertSender {
  start(): void;
  /** Call when there may be something to send. */
  nudge(): void;
  state(): AlertState;
  /** Alerts that failed in a row. */
  failures(): number;
  /** Aborts the send in progress; the next start sends it again. Never rejects. */
  stop(): Promise<void>;
}

/** Real time. */
const RETRY_MS = [SECOND, 5 * MINUTE] as const;
const LOG_EVERY_MS = MINUTE;
/** Consecutive failures before alerts count as failing. */
const FAILING = 3;
/** After this long with nothing to send, whether alerts work is unknown. */
const UNKNOWN_MS = 15 * MINUTE;

/**
 * Sends alerts one at a time, each until it is accepted or obsolete. At least once: after a crash between the
 * response and our commit, it is sent again.
 */
export function createAlertSender({ watch, poster, clock, log, ...shown }: AlertSenderDeps): AlertSender {
  const stopping = new AbortController();
  let running: Promise<void> | null = null;
  let wake = () => {};
  let failures = 0;
  let loggedAt = Number.NEGATIVE_INFINITY;
  let failing: { failingSince: EpochMs; cause: string } | null = null;
  let isAnyTaken = false;
  /** Whose alerts they are, and from when on. A replica has another book each time that it leads, and starts anew with it. */
  let book: ProblemBook | null = null;
  let since = clock.monotonic();

  /** Resolves to false when there is nothing to send. */
  async function sendNext(): Promise<boolean> {
    if (book !== watch.book()) {
      book = watch.book();
      [failures, failing, isAnyTaken, since] = [0, null, false, clock.monotonic()];
    }
    const at = clock.now();
    const change = book?.nextToSend(at) ?? null;
    if (book === null || change === null) return false;
    const { kind, cause } = await poster.post(createAlert(change, at, shown), stopping.signal);
    book.sent(change, kind, at);
    await watch.write();
    if (kind === 'taken') [failures, failing, isAnyTaken] = [0, null, true];
    else if (!stopping.signal.aborted) await waitAfterFailure(cause);
    return true;
  }

  async function waitAfterFailure(cause: string): Promise<void> {
    const waitMs = doublingMs(failures, ...RETRY_MS);
    failures++;
    failing = { failingSince: failing?.failingSince ?? clock.now(), cause };
    if (clock.monotonic() - loggedAt >= LOG_EVERY_MS) {
      loggedAt = clock.monotonic();
      log.warn({ cause, failures }, 'alert.failed');
    }
    const until = clock.monotonic() + waitMs;
    while (!stopping.signal.aborted && clock.monotonic() < until && book === watch.book()) {
      const leftMs = Math.ceil(until - clock.monotonic()); // the clock sleeps a minute at most
      await clock.sleepUntil(clock.now() + clock.toDomain(leftMs), leftMs, stopping.signal);
    }
  }

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      const nudged = new Promise<void>((resolve) => {
        wake = resolve;
      });
      if (!(await sendNext())) await nudged;
    }
  }

  return {
    start() {
      running = run();
    },
    nudge: () => wake(),
    failures: () => failures,
    state() {
      if (book === null || book !== watch.book()) return 'unknown';
      if (failing !== null && failures >= FAILING) return failing;
      return isAnyTaken || clock.monotonic() - since >= UNKNOWN_MS ? 'fine' : 'unknown';
    },
    async stop() {
      stopping.abort();
      wake();
      await running;
      await poster.close();
    },
  };
}

/**
 * The body posted when a problem opens, becomes an error, or closes. A duplicate has the same event, code,
 * line and since. Fields may be added, never changed.
 */
export interface Alert extends Omit<Problem, 'remedy'> {
  /** The whole alert in words, for chat tools that show this field of a POST. */
  readonly text: string;
  /** The same for Discord, which rejects more than 2,000 characters. */
  readonly content: string;
  readonly event: 'opened' | 'closed';
  /** When this alert was made. */
  readonly at: string;
  /** What to do; null: nothing. */
  readonly remedy: string | null;
  readonly version: string;
}

const CONTENT_LENGTH = 2_000;
const NAME = 'contact-card-reactor';

export function createAlert(
  { event, problem: { found, since, closedAt } }: Change,
  at: EpochMs,
  { version, showLine }: Pick<AlertSenderDeps, 'version' | 'showLine'>,
): Alert {
  const problem = showProblem(found, since, showLine);
  const { severity, code, message, remedy, line } = problem;
  const rest = { event, at: isoTime(at), version };
  if (event === 'opened') {
    return { ...problem, ...rest, ...inWords(`${severity} ${code}. ${message} ${remedy}`) };
  }
  const where = line === null ? '' : ` of ${line}`;
  const over = `${code}${where} is over; it lasted ${durationInWords((closedAt ?? at) - since)}.`;
  return { ...problem, ...rest, ...inWords(over), message: `The problem ${over}`, remedy: null };
}

function inWords(words: string): Pick<Alert, 'text' | 'content'> {
  const text = `${NAME}: ${words}`;
  const isLong = text.length > CONTENT_LENGTH;
  return { text, content: isLong ? `${text.slice(0, CONTENT_LENGTH - 1)}…` : text };
}
