import { monitorEventLoopDelay } from 'node:perf_hooks';
import { DAY, HOUR, SECOND } from '../decide/time.ts';
import { createCalendar } from './calendar.ts';
import { createNarrator, type Narrator, type NarratorOptions, narrateCalls } from './narrator.ts';
import { createPlay, type Play } from './play.ts';
import { createReport, type DemoReport, tabulate } from './review.ts';
import { endlessStory, LAST_DAY, THREE_DAYS } from './script.ts';
import { type Stage, type StageOptions, setStage } from './stage.ts';

/** The demo's default pace: a second is an hour. */
export const DEFAULT_SPEED = HOUR / SECOND;
/** Any faster, and a short pause of the machine would exceed a window. */
export const MAX_SPEED = 10 * DEFAULT_SPEED;

export interface DemoOptions
  extends Omit<StageOptions, 'onFatal'>,
    Pick<NarratorOptions, 'write' | 'columns' | 'isColoured'> {
  /** Stop after three days instead of at the signal. */
  readonly isOnce: boolean;
  /** Ends the demo early. */
  readonly signal: AbortSignal;
}

/** Real time at the end for the service to finish what has just become due. */
const FINISH_MS = 2 * SECOND;
const LOOK_EVERY_MS = 20;

/**
 * Plays the story against the real service and reports what happens. Resolves to the result of each chat.
 * @throws {StoreError} when the service has lost its database
 */
export async function runDemo(options: DemoOptions): Promise<DemoReport> {
  const ending = new AbortController();
  const signal = AbortSignal.any([options.signal, ending.signal]);
  const stalls = monitorEventLoopDelay();
  const stage = await setStage({ ...options, onFatal: (error) => ending.abort(error) });
  try {
    const startAt = stage.clock.now();
    const calendar = createCalendar(startAt);
    const narrator = createNarrator({ ...options, calendar });
    const play = createPlay(stage, narrator, calendar);
    introduce(stage, narrator, options);
    void narrateCalls(stage, narrator);
    stalls.enable();
    await perform(play, options.isOnce, signal);
    if (ending.signal.aborted) throw ending.signal.reason;
    const report = await createReport(play, startAt, options.speed);
    conclude(report, narrator, options, stalls.max / 1e6);
    return report;
  } finally {
    stalls.disable();
    await stage.strike();
  }
}

function introduce({ url, token, simulator }: Stage, narrator: Narrator, options: DemoOptions): void {
  const pace =
    options.speed === DEFAULT_SPEED
      ? 'Here, a second is an hour.'
      : `Here, time runs ${options.speed} times faster.`;
  const length = options.isOnce ? 'The story lasts three days.' : 'Stop with Ctrl-C.';
  narrator.paragraph(
    'You are a bakery that writes to people through Linq. Your application knows nothing about contact cards: ' +
      `contact-card-reactor receives Linq’s webhooks and shares yours at the right time. ${pace} ${length}`,
  );
  narrator.print('');
  narrator.print(`Simulated Linq  ${simulator.baseUrl}`);
  narrator.print(`Real service    ${url}`);
  narrator.print(`Its page        ${url}/ (user demo, password ${token})`);
  narrator.print(`Its status      curl -u demo:${token} ${url}/status`);
  narrator.print('');
}

/** Plays scene after scene until the story or the signal ends. */
async function perform(play: Play, isOnce: boolean, signal: AbortSignal): Promise<void> {
  await play.stage.overview(); // the very first request is slow, which would take minutes of the story
  for (const scene of isOnce ? THREE_DAYS : endlessStory()) {
    await sleepUntil(play, scene.day, scene.hour, signal);
    if (signal.aborted) return;
    await scene.play(play);
  }
  await sleepUntil(play, LAST_DAY + 1, 0, signal);
  if (!signal.aborted) await finish(play.stage);
}

async function sleepUntil(play: Play, day: number, hour: number, signal: AbortSignal): Promise<void> {
  const { clock } = play.stage;
  const at = play.calendar.instant(day, hour);
  while (clock.now() < at && !signal.aborted) await clock.sleepUntil(at, Number.POSITIVE_INFINITY, signal);
}

/** A machine that was slow at the very end doesn't count as a broken promise. */
async function finish({ clock, overview }: Stage): Promise<void> {
  const endBy = clock.monotonic() + FINISH_MS;
  const never = new AbortController().signal;
  while (clock.monotonic() < endBy) {
    const { byState } = (await overview()).chats;
    if (byState.due + byState.sharing === 0) return;
    await clock.sleepUntil(clock.now() + clock.toDomain(LOOK_EVERY_MS), LOOK_EVERY_MS, never);
  }
}

/** A machine that stands still this long may owe to that what looks like a fault. */
const BUSY_MS = 0.5 * SECOND;

/** What broken promises mean. @param stallMs the longest time for which nothing ran here */
export const blame = (stallMs: number): string =>
  stallMs < BUSY_MS
    ? 'That is a fault of the service. Its log (--verbose) says more.'
    : `Either this machine was too busy, since it once stood still for ${(stallMs / SECOND).toFixed(1)} s, or it is a fault of the service. Try again when it has less to do.`;

function conclude(
  { chats, broken, endedAt, startedAt }: DemoReport,
  narrator: Narrator,
  { isOnce, signal }: DemoOptions,
  stallMs: number,
) {
  narrator.print('');
  narrator.print(tabulate(chats));
  narrator.print('');
  if (isOnce && signal.aborted) narrator.verdict(false, 'Stopped before the third day was over.');
  for (const text of broken) narrator.verdict(false, text);
  if (broken.length > 0) narrator.paragraph(blame(stallMs));
  if (broken.length > 0 || (isOnce && signal.aborted)) return;
  const days = Math.round((Date.parse(endedAt) - Date.parse(startedAt)) / DAY);
  narrator.verdict(true, 'No one was asked twice within 24 hours.');
  narrator.verdict(true, 'No card went into an SMS chat, or to someone who opted out.');
  narrator.verdict(true, `No share was missed${days > 1 ? ` in ${days} days` : ''}.`);
  narrator.print('');
  narrator.paragraph('That was the real service. README.md, "Run it", puts it in front of your account.');
}
