import { DAY, HOUR, MINUTE, SECOND } from '../../../src/decide/time.ts';
import { policyOf, T } from '../builders.ts';
import { checkAttempts, checkRows } from '../model/checks.ts';
import type { Mood } from '../model/linq.ts';
import { releaseLine, steer, steerAll } from '../model/take.ts';
import type { World, WorldOptions } from '../model/world.ts';
import { createFront, type Front } from './front.ts';
import { type Arrival, LINES } from './messages.ts';
import { createPlan, type Happening } from './plan.ts';
import { createDice } from './random.ts';

export interface SimulationOptions {
  readonly seed: number;
  readonly create: (options: Omit<WorldOptions, 'directory'>) => Promise<World>;
  readonly chats: number;
  readonly days: number;
  /** Let the wall clock be set wrong for a while: then less can be checked to the millisecond. */
  readonly isStepped: boolean;
}

export interface Simulated {
  readonly broken: readonly string[];
  /** Every share call: chat and time. */
  readonly calls: readonly string[];
  readonly deliveries: number;
  readonly lost: number;
  readonly crashes: number;
}

/** Seconds after its first try at which Linq delivers an event again, if nobody answered. */
const TRIES_AFTER_S = [3, 9, 21, 45, 93, 189, 381, 765, 1_533];
const RATE = 5;
const ATTEMPT_RETENTION_MS = 10 * DAY;

/** Plays the days of an account against the service, all in this process, and checks every promise on the way. */
export async function simulate({
  seed,
  chats,
  days,
  isStepped,
  create,
}: SimulationOptions): Promise<Simulated> {
  const dice = createDice(seed);
  const plan = createPlan(dice, chats, days, isStepped);
  const mood: Mood = {
    answers: [],
    usual: 'shared',
    card: 'active',
    lookUp: 'told',
    lineOf: () => LINES[0],
    isGroup: () => false,
  };
  let front: Front | null = null;
  const world = await create({
    policy: policyOf(plan.policy),
    ratePerLine: RATE,
    concurrency: 16,
    cardTtlMs: 10 * MINUTE,
    promptMs: 5 * SECOND + (chats / RATE) * SECOND,
    attemptRetentionMs: ATTEMPT_RETENTION_MS,
    mood,
    random: dice.random,
    async onStart(parts) {
      front = await createFront(parts);
    },
  });
  const post = (arrival: Arrival) => front?.post(arrival.body, arrival.webhookId, world.trueNow()) ?? 0;
  const simulation = { world, plan, post, wallOffMs: 0, deliveries: 0, lost: 0 };
  try {
    let day = T;
    const queue = [...plan.happenings];
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      await world.run(Math.max(0, next.at - world.trueNow()));
      const again = await happen(simulation, next);
      if (again !== null) insert(queue, again);
      if (next.at - day < DAY) continue;
      day = next.at;
      await checkRows(world.oracle, world.store(), world.trueNow());
    }
    await recover(simulation);
  } finally {
    await world.close();
  }
  const { oracle } = world;
  const { deliveries, lost } = simulation;
  return { broken: oracle.broken, calls: oracle.log, deliveries, lost, crashes: world.crashes() };
}

interface Simulation {
  readonly world: World;
  readonly post: (arrival: Arrival) => Promise<number> | number;
  wallOffMs: number;
  deliveries: number;
  lost: number;
}

/** Resolves to the delivery that Linq will repeat, if any. */
async function happen(simulation: Simulation, happening: Happening): Promise<Happening | null> {
  const { world } = simulation;
  const { mood, oracle } = world;
  switch (happening.do) {
    case 'arrive':
      return arrive(simulation, happening);
    case 'weather':
      Object.assign(mood, { usual: happening.usual, card: happening.card });
      return null;
    case 'odd answer':
      mood.answers.push(happening.as);
      return null;
    case 'crash':
      await world.crash(happening.point);
      return null;
    case 'outage':
      await world.restart(happening.policy, happening.isCrash, happening.downMs);
      return null;
    case 'step':
      oracle.stepped();
      simulation.wallOffMs += happening.ms;
      world.clock.stepWall(happening.ms);
      await world.run(MINUTE);
      return null;
    case 'pause':
    case 'resume':
      await steerAll(world, happening.do === 'pause');
      return null;
    default: {
      const chatId = [...oracle.chats.keys()][happening.index % Math.max(1, oracle.chats.size)];
      if (chatId !== undefined) await steer(world, { do: happening.do, chat: chatId });
      return null;
    }
  }
}

async function arrive(simulation: Simulation, arrival: Arrival): Promise<Happening | null> {
  const { world, wallOffMs } = simulation;
  const { oracle } = world;
  const missedMs = world.trueNow() - arrival.at;
  if (missedMs > 0) return later(simulation, arrival, missedMs);
  const isStale = Math.abs(wallOffMs) > 299 * SECOND;
  if (!isStale) {
    if (arrival.tells.kind === 'chat') oracle.toldChat(arrival.tells, world.trueNow());
    else oracle.toldLine(arrival.tells, world.trueNow());
  }
  simulation.deliveries++;
  const status = await simulation.post(arrival);
  if (isStale ? status < 400 : status !== 204)
    oracle.fail(`a delivery was answered ${status} at ${arrival.at}`);
  if (isStale) simulation.lost++;
  await world.idle();
  return null;
}

/** Nobody was there: Linq tries again, and gives up after about 25 minutes. */
function later(simulation: Simulation, arrival: Arrival, missedMs: number): Happening | null {
  const seconds = TRIES_AFTER_S.find((after) => after * SECOND >= missedMs);
  if (seconds !== undefined) return { ...arrival, at: arrival.at + seconds * SECOND };
  simulation.lost++;
  return null;
}

function insert(queue: Happening[], happening: Happening): void {
  const index = queue.findIndex(({ at }) => at > happening.at);
  queue.splice(index < 0 ? queue.length : index, 0, happening);
}

/** Once all is well again, nothing that is due may be left waiting. */
async function recover(simulation: Simulation): Promise<void> {
  const { world } = simulation;
  const { oracle, mood } = world;
  Object.assign(mood, { answers: [], usual: 'shared', card: 'active' });
  await steerAll(world, false);
  for (const line of LINES) releaseLine(world, line);
  await world.idle();
  await world.run(DAY + 8 * HOUR);
  const now = world.trueNow();
  await checkRows(oracle, world.store(), now);
  await checkAttempts(oracle, world.store(), now - ATTEMPT_RETENTION_MS);
}
