import type { ChatEvent } from '../../../src/decide/event.ts';
import { DAY, HOUR, MINUTE, SECOND } from '../../../src/decide/time.ts';
import { eventOf, inboundOf, lineEventOf, outboundOf } from '../builders.ts';
import { CHATS, isGroup, LINES, lineOf, type Step } from './steps.ts';
import type { World } from './world.ts';

/** Does one thing to the world. */
export async function take(world: World, step: Step): Promise<void> {
  const { oracle, mood } = world;
  const at = world.trueNow() - ('agoMs' in step ? step.agoMs : 0);
  switch (step.do) {
    case 'send': {
      const line = step.isLineTold ? lineOf(step.chat) : null;
      const evidence = { chatId: step.chat, service: step.service, line, isGroup: isGroup(step.chat) };
      return world.deliver(outboundOf(at, evidence));
    }
    case 'hear':
      return world.deliver(
        ...step.isOptOut.map((isOptOut) => inboundOf(at, { chatId: step.chat, isOptOut })),
      );
    case 'health':
      return world.deliver(eventOf({ chatId: step.chat, health: { status: step.status, at } }));
    case 'leave':
      return world.deliver(eventOf({ chatId: step.chat, leftAt: at }));
    case 'join':
      return world.deliver(eventOf({ chatId: step.chat, joinedAt: at }));
    case 'again': {
      const told = oracle.everTold;
      const repeated = step.picks
        .map((pick) => told[pick % told.length])
        .filter((event) => event !== undefined);
      return world.deliver(...repeated);
    }
    case 'line':
      return world.deliver(
        lineEventOf({ at, line: step.line, status: step.status, reputation: step.reputation }),
      );
    case 'hold':
    case 'release':
    case 'ask':
      return steer(world, step);
    case 'answer':
      mood.answers = Array.from({ length: step.times }, () => step.as);
      return;
    case 'card':
      mood.card = step.mode;
      return;
    case 'look up':
      mood.lookUp = step.mode;
      return;
    case 'wait':
      return wait(world, step.ms);
    case 'sleep':
      await world.leap(step.ms);
      return world.run(6 * SECOND);
    case 'step':
      oracle.stepped();
      world.clock.stepWall(step.ms);
      await world.leap(MINUTE);
      return world.run(MINUTE);
    case 'crash':
      return world.crash(step.point);
    case 'restart':
      return world.restart(step.policy, step.isCrash);
    case 'back up':
      return world.backUp();
    case 'restore': // by a wrong clock, it would have the chats wait from a wrong instant on
      return world.clock.systemNow() === world.trueNow() ? world.restore() : undefined;
    case 'pause':
    case 'resume':
      return steerAll(world, step.do === 'pause');
    case 'release line':
      releaseLine(world, step.line);
      return world.idle();
  }
}

/** A world in trouble wakes every few seconds: of a long time only a part is gone through, at both ends. */
async function wait(world: World, ms: number): Promise<void> {
  const { answers, card } = world.mood;
  const isClockRight = world.clock.systemNow() === world.trueNow();
  const isCalm = answers.length === 0 && card === 'active' && isClockRight;
  if (ms <= 2 * HOUR || isCalm) return world.run(ms);
  await world.run(HOUR);
  await world.leap(ms - 2 * HOUR);
  return world.run(HOUR);
}

export async function steer(
  world: World,
  step: Pick<Step & { do: 'hold' | 'release' | 'ask' }, 'do' | 'chat'>,
): Promise<void> {
  const { oracle, clock } = world;
  const now = clock.now();
  const { chat: chatId } = step;
  const { updateChat } = world.store();
  if (step.do === 'hold') {
    const held = await updateChat(chatId, (chat) => ({ ...chat, operatorHeldAt: now }), now);
    if (held !== null) oracle.done(chatId, world.trueNow(), { isHeld: true });
  } else if (step.do === 'release') {
    const free = { operatorHeldAt: null, parkedAt: null, blockedAt: null, interruptions: 0 };
    const released = await updateChat(chatId, (chat) => ({ ...chat, ...free }), now);
    const past = { isHeld: false, isParked: false, isBlocked: false, interruptions: 0 };
    if (released !== null) oracle.done(chatId, world.trueNow(), past);
    world.dispatcher().nudge();
  } else if (world.dispatcher().snapshot().clockDistrustedSince === null) {
    void world.dispatcher().shareManually(chatId);
  }
  await world.idle();
}

/** Whether a release that nobody could answer is on disk is as open as with any other crash: so none comes then. */
export function releaseLine(world: World, line: string): void {
  const { oracle } = world;
  world.spare('turn kept');
  void world
    .dispatcher()
    .releaseLine(line)
    .then((released) => released !== null && oracle.released(line, world.trueNow()));
}

export async function steerAll(world: World, isPaused: boolean): Promise<void> {
  world.oracle.setPaused(isPaused, world.trueNow());
  const { pause, resume } = world.dispatcher();
  await (isPaused ? pause() : resume());
  await world.idle();
}

/** Once all is well again, every chat has to be shared, and again day by day. */
export async function recover(world: World, wallOffMs: number): Promise<void> {
  const { mood, oracle } = world;
  Object.assign(mood, { answers: [], usual: 'shared', card: 'active', lookUp: 'told' });
  if (wallOffMs !== 0) await take(world, { do: 'step', ms: -wallOffMs });
  await take(world, { do: 'restart', isCrash: true, policy: KIND });
  await take(world, { do: 'resume' });
  await world.run(MINUTE);
  for (const line of LINES) await take(world, { do: 'release line', line });
  for (const chatId of CHATS) {
    await take(world, { do: 'release', chat: chatId });
    await world.deliver(...welcome(chatId, world.trueNow()));
  }
  for (let hours = 0; hours < 7; hours++) await world.run(HOUR);
  for (let days = 0; days < 2; days++) await world.run(DAY + 10 * MINUTE);
  const since = world.trueNow() - DAY - HOUR;
  const forgotten = CHATS.filter((chatId) => (oracle.pastOf(chatId).sharedAt ?? 0) < since);
  if (forgotten.length > 0) oracle.fail(`forgotten: ${forgotten.join(' ')}`);
  if (oracle.orphans().length > 0) oracle.fail(`left open: ${JSON.stringify(oracle.orphans())}`);
}

/** Settings under which nothing but the chat itself keeps it from being shared. */
const KIND = {
  windowMs: DAY,
  reshare: 'daily',
  idleAfterMs: 0,
  maxSharesPerChat: 0,
  requireInbound: false,
  shareGroups: true,
  lines: null,
  dryRun: false,
} as const;

function welcome(chatId: string, at: number): ChatEvent[] {
  const line = lineOf(chatId);
  return [
    eventOf({ chatId, joinedAt: at }),
    outboundOf(at, { chatId, line, isGroup: isGroup(chatId) }),
    inboundOf(at, { chatId }),
    eventOf({ chatId, health: { status: 'HEALTHY', at } }),
  ];
}
