import type { Clock } from '../clock.ts';
import { doublingMs } from '../decide/pacing.ts';
import { type EpochMs, SECOND } from '../decide/time.ts';
import { StoreError } from '../errors.ts';
import type { Log } from './ports.ts';

const STORE_RETRY_MS = [SECOND, 30 * SECOND] as const;

/**
 * Takes turn after turn until stopped. A turn that fails is repeated after 1 s doubling to 30 s, whatever nudges come
 * meanwhile, so that a failing store is neither hammered nor fills the log. A store that is broken for good ends it.
 * @param takeTurn resolves to when the next turn is due
 */
export function createLoop({
  takeTurn,
  clock,
  log,
  onFatal,
}: {
  takeTurn: () => Promise<EpochMs>;
  clock: Clock;
  log: Log;
  onFatal: (error: StoreError) => void;
}) {
  let wake = new AbortController();
  const stopping = new AbortController();
  let isBroken = false;
  let running: Promise<void> | null = null;
  let lastTurnAt = clock.monotonic();

  async function run(): Promise<void> {
    let failures = 0;
    while (!stopping.signal.aborted && !isBroken) {
      wake = new AbortController();
      let nextAt: EpochMs;
      try {
        nextAt = await takeTurn();
        lastTurnAt = clock.monotonic();
        failures = 0;
      } catch (error) {
        nextAt = clock.now() + clock.toDomain(doublingMs(failures, ...STORE_RETRY_MS));
        failures++;
        report(error);
      }
      const signal = failures > 0 ? stopping.signal : wake.signal;
      await clock.sleepUntil(nextAt, Number.POSITIVE_INFINITY, signal);
    }
  }

  function report(error: unknown): void {
    const fault = error instanceof StoreError ? error.fault : 'unforeseen';
    log.error({ err: error, fault }, 'turn.failed');
    if (isBroken || !(error instanceof StoreError) || (fault !== 'corrupt' && fault !== 'io')) return;
    isBroken = true;
    onFatal(error);
  }

  return {
    start(): void {
      running = run();
    },
    /** The next turn is due now, or as soon as the one under way is over. */
    nudge: (): void => wake.abort(),
    /** Resolves when the last turn is over. */
    async stop(): Promise<void> {
      stopping.abort();
      wake.abort();
      await running;
    },
    report,
    /** Nothing may be written any more. */
    isBroken: (): boolean => isBroken,
    /** `clock.monotonic()` at the end of the last turn that worked. */
    lastTurnAt: (): number => lastTurnAt,
  };
}
