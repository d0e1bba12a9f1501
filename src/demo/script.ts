import { DAY, HOUR, SECOND } from '../decide/time.ts';
import type { Play } from './play.ts';
import { LINES } from './stage.ts';

/** What happens at one moment of the story. */
export interface Scene {
  readonly day: number;
  /** Decimals are minutes: 9.5 is half past nine. */
  readonly hour: number;
  readonly play: (play: Play) => void | Promise<void>;
}

const scene = (day: number, hour: number, play: Scene['play']): Scene => ({ day, hour, play });

/** The `Retry-After` that Linq sends. */
export const PAUSE_MS = 2 * HOUR;
/** A chat is idle this long after its latest outbound message, by default. */
const IDLE_AFTER_MS = 7 * DAY;

const DAY_ONE: readonly Scene[] = [
  scene(1, 9, async ({ say, opens, send, why }) => {
    say('You write to Ada for the first time, over iMessage.');
    opens(['Ada']);
    send('Ada');
    await why('Ada');
  }),
  scene(1, 10, async ({ say, send, why }) => {
    say('You write to Ben. He has no iMessage, so it goes out as SMS.');
    send('Ben');
    await why('Ben');
  }),
  scene(1, 11, ({ say, opens, send }) => {
    say('You write to the book club, a group.');
    opens(['book club']);
    send('book club');
  }),
  scene(1, 12, ({ say, opens, send }) => {
    say('You write to Chloe.');
    opens(['Chloe']);
    send('Chloe');
  }),
  scene(1, 13, async ({ say, send, why }) => {
    say('You write to Ada again. Once a day is enough: no card.');
    send('Ada');
    await why('Ada');
  }),
  scene(1, 14, async ({ say, send, why }) => {
    say('You write to Dana and Eli from your new line, whose card is not active yet.');
    send('Dana', 'Eli');
    await why('Dana');
  }),
  scene(1, 15, ({ stage, say, opens }) => {
    const { chatId, messages } = stage.simulator.chat(stage.chatIds.Hugo);
    const [message] = messages;
    if (message?.sentAt == null) return;
    say('Hugo reads what you wrote six days ago: the first the service hears of him.');
    opens(['Hugo'], { until: message.sentAt + IDLE_AFTER_MS });
    stage.simulator.markRead(chatId, message.messageId);
  }),
  scene(1, 16, async ({ stage, say, opens, send, why }) => {
    say('You write to Fay, but Linq is busy.');
    const { clock, simulator, chatIds } = stage;
    simulator.fail({ chatId: chatIds.Fay, code: 1007, retryAfter: PAUSE_MS / SECOND, times: 1 });
    opens(['Fay'], { owedAt: clock.now() + PAUSE_MS });
    send('Fay');
    await why('Fay');
  }),
  scene(1, 19, ({ stage, say, opens, send }) => {
    say('You write to Gus, but something at Linq is broken.');
    stage.simulator.fail({ chatId: stage.chatIds.Gus, status: 500 });
    opens(['Gus'], { owedAt: Number.POSITIVE_INFINITY });
    send('Gus');
  }),
  scene(1, 19.25, ({ why }) => why('Gus')),
  scene(1, 19.5, ({ stage, say, owesFromNow }) => {
    say('Linq works again.');
    stage.simulator.clearFaults();
    owesFromNow('Gus');
  }),
  scene(1, 21, async ({ say, receive, closes, why }) => {
    say('Chloe writes "STOP".');
    receive('Chloe', 'STOP');
    closes('Chloe');
    await why('Chloe');
  }),
];

const DAY_TWO: readonly Scene[] = [
  scene(2, 8, ({ say, send }) => {
    say('You write to Ada, an hour before her window ends: no card.');
    send('Ada');
  }),
  scene(2, 10, ({ stage, say, opens }) => {
    say('Linq activates your new line’s card: its chats get theirs at once.');
    opens(['Dana', 'Eli']);
    stage.simulator.setCard(LINES.fresh, 'active');
  }),
  scene(2, 12.5, async ({ say, why }) => {
    say('Chloe’s window has ended, but she opted out: no card.');
    await why('Chloe');
  }),
  scene(2, 15.5, async ({ say, why }) => {
    say('Hugo’s window has ended too, but you haven’t written for a week.');
    await why('Hugo');
  }),
];

const DAY_THREE: readonly Scene[] = [
  scene(3, 13, async ({ say, send, why }) => {
    say('You write to Ben, still by SMS.');
    send('Ben');
    await why('Ben');
  }),
  scene(3, 14, ({ stage, say, opens, send }) => {
    say('You write to Hugo again, which wakes his chat.');
    opens(['Hugo'], { until: stage.clock.now() + IDLE_AFTER_MS });
    send('Hugo');
  }),
];

/** The three days of `--once`. */
export const THREE_DAYS: readonly Scene[] = [...DAY_ONE, ...DAY_TWO, ...DAY_THREE];
export const LAST_DAY = 3;

/** The story, followed by endless everyday life after its third day. */
export function* endlessStory(): Generator<Scene> {
  yield* THREE_DAYS;
  yield scene(LAST_DAY + 1, 7, ({ say, receive, opens }) => {
    say('Chloe writes "I am back, sorry!", which ends her opt-out.');
    opens(['Chloe']);
    receive('Chloe', 'I am back, sorry!');
  });
  for (let day = LAST_DAY + 1; ; day++) {
    yield scene(day, 8, ({ say, send }) => {
      say('You write to everyone but Hugo. The cards go out as the windows end.');
      send('Ada', 'Ben', 'book club', 'Chloe', 'Dana', 'Eli', 'Fay', 'Gus');
    });
  }
}
