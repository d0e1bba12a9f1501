import { setImmediate as eventLoopTurn } from 'node:timers/promises';
import type { FakeClock } from '../clock.ts';

/** More turns of the event loop than anything here takes: somebody never rests. */
const RESTLESS = 20_000;
const CALM_TURNS = 4;

/** Resolves when for some turns of the event loop nobody began or ended a sleep, and all are at rest. */
export async function comeToRest(clock: FakeClock, isAtRest: () => boolean): Promise<void> {
  let stirs = clock.stirs();
  for (let turns = 0, calm = 0; calm < CALM_TURNS; turns++) {
    if (turns > RESTLESS) throw new Error('the dispatcher never rests');
    await eventLoopTurn();
    calm = clock.stirs() === stirs && isAtRest() ? calm + 1 : 0;
    stirs = clock.stirs();
  }
}
