import type { Clock } from '../clock.ts';
import { MINUTE, SECOND } from '../decide/time.ts';
import type { Claim } from '../store/turn.ts';

/** Real time; longer than an attempt can last: a look-up and a share call with deadlines of 15 s each. */
export const LEASE_MS = MINUTE;
/** Instants of leases are whole milliseconds. */
const MARGIN_MS = SECOND;

interface Flight {
  readonly claim: Claim;
  /** When its lease was laid, on the monotonic clock. */
  readonly since: number;
}

/** The attempts that this process makes now. */
export function createInFlight(clock: Pick<Clock, 'monotonic'>) {
  const flights = new Map<string, Flight>();
  let turnAt = clock.monotonic();
  return {
    /** The leases of this turn's claims run from now on, however late their calls begin. */
    beginTurn: (): void => {
      turnAt = clock.monotonic();
    },
    add: (claim: Claim): void => void flights.set(claim.attemptId, { claim, since: turnAt }),
    remove: ({ attemptId }: Claim): void => void flights.delete(attemptId),
    size: (): number => flights.size,
    /** Of chats that hadn't failed before. */
    untried: (): number => [...flights.values()].filter(({ claim }) => claim.chat.failures === 0).length,
    sizeOf: (line: string): number =>
      [...flights.values()].filter(({ claim }) => claim.chat.line === line).length,
    /**
     * A process that stood still finds leases ended whose calls are still open. Claimed again, such a chat would be called
     * twice at a time; the calls' own deadlines end this within seconds.
     */
    outlastsLease: (): boolean =>
      [...flights.values()].some(({ since }) => turnAt - since >= LEASE_MS - MARGIN_MS),
  };
}
