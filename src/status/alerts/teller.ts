import type { Clock } from '../../clock.ts';
import { doublingMs } from '../../decide/pacing.ts';
import { type EpochMs, MINUTE, SECOND } from '../../decide/time.ts';
import type { ProblemWatch } from '../problems/problem-watch.ts';
import type { AlertState } from '../problems/problems.ts';
import { createAlert } from './alert.ts';
import type { Poster } from './poster.ts';

export interface TellerDeps {
  readonly watch: Pick<ProblemWatch, 'book' | 'write'>;
  readonly poster: Poster;
  readonly clock: Clock;
  readonly log: { warn(fields: object, event: string): void };
  readonly version: string;
  readonly showNumbers: boolean;
}

export interface Teller {
  start(): void;
  /** There may be something to tell. */
  nudge(): void;
  state(): AlertState;
  /** Gives up what is under way: it is told again after the next start. Never rejects. */
  stop(): Promise<void>;
}

/** Real time. */
const RETRY_MS = [SECOND, 5 * MINUTE] as const;
const LOG_EVERY_MS = MINUTE;
/** So many failures in a row are no hiccup. */
const FAILING = 3;
/** After so long without an alert to send nothing is known to fail any more. */
const UNKNOWN_MS = 15 * MINUTE;

/**
 * Tells of problems one after the other, each until it is taken or nobody's business any more. At least once: a crash
 * between the taking and our commit tells it again.
 */
export function createTeller({ watch, poster, clock, log, ...shown }: TellerDeps): Teller {
  const stopping = new AbortController();
  let running: Promise<void> | null = null;
  let wake = () => {};
  let failures = 0;
  let loggedAt = Number.NEGATIVE_INFINITY;
  let failing: { failingSince: EpochMs; cause: string } | null = null;
  let isAnyTaken = false;
  const startedAt = clock.monotonic();

  /** Resolves to false when there is nothing to tell. */
  async function tellNext(): Promise<boolean> {
    const book = watch.book();
    const at = clock.now();
    const change = book?.nextToTell(at) ?? null;
    if (book === null || change === null) return false;
    const { kind, cause } = await poster.post(createAlert(change, at, shown), stopping.signal);
    book.told(change, kind, at);
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
    while (!stopping.signal.aborted && clock.monotonic() < until) {
      const leftMs = Math.ceil(until - clock.monotonic()); // the clock's own sleeps last a minute at most
      await clock.sleepUntil(clock.now() + clock.toDomain(leftMs), leftMs, stopping.signal);
    }
  }

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      const nudged = new Promise<void>((resolve) => {
        wake = resolve;
      });
      if (!(await tellNext())) await nudged;
    }
  }

  return {
    start() {
      running = run();
    },
    nudge: () => wake(),
    state() {
      if (failing !== null && failures >= FAILING) return failing;
      return isAnyTaken || clock.monotonic() - startedAt >= UNKNOWN_MS ? 'fine' : 'unknown';
    },
    async stop() {
      stopping.abort();
      wake();
      await running;
      await poster.close();
    },
  };
}
