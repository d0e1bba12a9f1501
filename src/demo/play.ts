import { type EpochMs, SECOND } from '../decide/time.ts';
import type { Calendar } from './calendar.ts';
import type { Narrator } from './narrator.ts';
import type { Name, Stage } from './stage.ts';

/** A period in which a chat must get its card: once it is owed, and again when each window ends. */
export interface Opening {
  readonly from: EpochMs;
  /** When the first share is owed; later than `from` while Linq refuses. */
  readonly owedAt: EpochMs;
  /** Null: still open. */
  readonly until: EpochMs | null;
}

/** What a scene can do. */
export interface Play {
  readonly stage: Stage;
  readonly calendar: Calendar;
  say(text: string): void;
  /** You send a message. */
  send(...names: readonly Name[]): void;
  /** The person writes. */
  receive(name: Name, text: string): void;
  /** Prints the service's own explanation of the chat, once the chat is idle. */
  why(name: Name): Promise<void>;
  /** From now on these chats must get their card, until `closes` (or for good). */
  opens(names: readonly Name[], bounds?: Partial<Opening>): void;
  closes(name: Name): void;
  /** Moves the latest opening's first owed share to now: Linq has refused it so far. */
  owesFromNow(name: Name): void;
  openingsOf(name: Name): readonly Opening[];
}

/** Real time to let work in progress finish before reporting anyway. */
const PATIENCE_MS = SECOND;
const LOOK_EVERY_MS = 5;

export function createPlay(stage: Stage, narrator: Narrator, calendar: Calendar): Play {
  const { clock, simulator, chatIds } = stage;
  const openings = new Map<Name, Opening[]>();
  const never = new AbortController().signal;
  const of = (name: Name): Opening[] => {
    const known = openings.get(name) ?? [];
    openings.set(name, known);
    return known;
  };
  const changeLast = (name: Name, change: Partial<Opening>) => {
    const last = of(name).pop();
    if (last !== undefined) of(name).push({ ...last, ...change });
  };

  /** The chat, once it is idle. */
  const chatAtRest = async (name: Name) => {
    await simulator.settled();
    const patientUntil = clock.monotonic() + PATIENCE_MS;
    for (;;) {
      const chat = await stage.chat(name);
      const isMoving =
        chat === null || ['due', 'sharing'].includes(chat.state) || chat.reason === 'card_unknown';
      if (!isMoving || clock.monotonic() >= patientUntil) return chat;
      await clock.sleepUntil(clock.now() + clock.toDomain(LOOK_EVERY_MS), LOOK_EVERY_MS, never);
    }
  };

  return {
    stage,
    calendar,
    say: (text) => narrator.narrate(clock.now(), 'said', text),
    send(...names) {
      for (const name of names) simulator.sendMessage(chatIds[name], { delivered: true });
    },
    receive: (name, text) => void simulator.receiveMessage(chatIds[name], text),
    async why(name) {
      const chat = await chatAtRest(name);
      if (chat !== null) narrator.narrate(clock.now(), 'why', calendar.restate(chat.explanation));
    },
    opens(names, bounds = {}) {
      const from = clock.now();
      for (const name of names) of(name).push({ from, owedAt: from, until: null, ...bounds });
    },
    closes: (name) => changeLast(name, { until: clock.now() }),
    owesFromNow: (name) => changeLast(name, { owedAt: clock.now() }),
    openingsOf: of,
  };
}
