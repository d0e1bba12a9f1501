import type { CatchUpView } from '../../src/catch-up/catch-up.ts';
import type { ReactorEvent } from '../../src/decide/event.ts';
import type { LinqAnswer } from '../../src/decide/outcome.ts';
import { DAY, type EpochMs, HOUR, MINUTE, SECOND } from '../../src/decide/time.ts';
import { createRandom } from '../../src/simulator/random.ts';
import type { SeenDelivery, Verdict } from '../../src/webhook/report.ts';
import { answerOf, LINE, lineEventOf, OTHER_LINE, outboundOf, T } from '../helpers/builders.ts';
import { startStatus, TOKEN } from '../integration/status/harness.ts';

/** A service in some condition, its pages served on loopback. */
export interface Scene {
  readonly url: string;
  readonly token: string;
  /** One of its chats, with a history if it has any; null: it has no chat. */
  readonly chatId: string | null;
}

const THIRD_LINE = '+12025550102';

/** People who weren't written to for two days get the card with the next message: by day, that is. */
const POLICY = { idleAfterMs: 2 * DAY };

type Service = Awaited<ReturnType<typeof startStatus>>;

/** Nothing has happened yet. */
export async function empty(): Promise<Scene> {
  return served(await startStatus(), null);
}

/** A month of work, with a few failures and nothing wrong. The same every time. */
export async function busy(): Promise<Scene> {
  const play = createPlay();
  const service = await startStatus({
    cards: [LINE, OTHER_LINE],
    policy: POLICY,
    share: play.share,
    deps: { deliveries: play.deliveries, startedAt: T + 27 * DAY },
  });
  return served(service, await play.month(service));
}

/** The same month, and then much goes wrong at once. */
export async function broken(): Promise<Scene> {
  const play = createPlay();
  const cards = [LINE, OTHER_LINE, THIRD_LINE];
  const service = await startStatus({
    cards,
    policy: POLICY,
    share: play.share,
    deps: { deliveries: play.deliveries, catchUp: { request: async () => {}, view: () => HALFWAY } },
  });
  const chatId = await play.month(service);
  cards.splice(1, 1);
  service.clock.advance(11 * MINUTE);
  await service.idle();
  play.fail(answerOf(403, 2011));
  const at = service.clock.now();
  await tell(service, [
    lineEventOf({ line: THIRD_LINE, status: 'FLAGGED', at }),
    outboundOf(at, { chatId: 'b2d9c4e1-7f3a-4c58-9b60-1e8d2a7f5c34', line: THIRD_LINE }),
    outboundOf(at, { chatId: 'e7a1f0b3-2c6d-4d95-8a47-3b9c5e0d1f26' }),
  ]);
  service.clock.advance(MINUTE);
  await service.idle();
  await service.get('/status'); // what is wrong is wrong since somebody saw it
  service.clock.advance(47 * MINUTE);
  await service.idle();
  return served(service, chatId);
}

const HALFWAY: CatchUpView = {
  activity: 'running',
  cause: null,
  completedAt: T + 30 * DAY,
  run: {
    reason: 'manual',
    startedAt: T + 30 * DAY,
    since: null,
    chatsSeen: 118,
    chatsTotal: 247,
    chatsRead: 12,
    chatsChanged: 3,
    chatsUnread: 0,
  },
};

async function served({ app }: Service, chatId: string | null): Promise<Scene> {
  return { url: await app.listen({ host: '127.0.0.1', port: 0 }), token: TOKEN, chatId };
}

async function tell(
  { store, clock, dispatcher, idle }: Service,
  events: readonly ReactorEvent[],
): Promise<void> {
  await store.record(events, clock.now());
  dispatcher.linesChanged();
  dispatcher.nudge();
  await idle();
}

/** Writes to people by day more than by night, to more of them every week. */
function createPlay() {
  const random = createRandom(4);
  const hex = () => Math.floor(random() * 16).toString(16);
  const newId = () => 'xxxxxxxx-xxxx-4xxx-8xxx-xxxxxxxxxxxx'.replaceAll('x', hex);
  const chatIds = Array.from({ length: 720 }, newId);
  const seen: SeenDelivery[] = [];
  let failure: LinqAnswer | null = null;

  const note = (at: EpochMs, eventType: string | null, chatId: string | null, verdict: Verdict) =>
    seen.unshift({ at, eventType, chatId, verdict });

  /** What is written in so many hours. */
  function write(now: EpochMs, hours: number): readonly ReactorEvent[] {
    const day = (now - T) / DAY;
    const byHour = 1 - Math.cos(((new Date(now).getUTCHours() - 4) / 24) * 2 * Math.PI);
    const byDay = [0, 6].includes(new Date(now).getUTCDay()) ? 0.35 : 1;
    const count = Math.round((2 + day / 10) * byHour * byDay * hours * (0.6 + 0.8 * random()));
    const known = 220 + Math.floor(day * 16);
    return Array.from({ length: count }, () => {
      const chatId = chatIds[Math.floor(random() * known)] ?? newId();
      const service = random() < 0.06 ? 'SMS' : 'iMessage';
      note(now, 'message.sent', chatId, 'accepted');
      return outboundOf(now, { chatId, service, line: chatId < '5' ? OTHER_LINE : LINE });
    });
  }

  async function pass(service: Service, ms: number): Promise<void> {
    service.clock.advance(ms);
    await tell(service, write(service.clock.now(), ms / HOUR));
  }

  return {
    deliveries: () => seen.slice(0, 200),
    fail(answer: LinqAnswer): void {
      failure = answer;
    },
    async share(): Promise<LinqAnswer> {
      if (failure !== null) return failure;
      const luck = random();
      return luck < 0.02 ? answerOf(503) : luck < 0.023 ? answerOf(400, 1005) : answerOf(204);
    },
    /** Ends at quarter past four on a Thursday afternoon. @returns a chat with a history */
    async month(service: Service): Promise<string> {
      const start = service.clock.now();
      const passed = () => service.clock.now() - start;
      while (passed() < 27 * DAY) await pass(service, Math.ceil(11 * random()) * HOUR);
      while (passed() < 30 * DAY) await pass(service, HOUR);
      for (let minute = 0; minute < 15; minute++) {
        service.clock.advance(MINUTE - SECOND);
        const at = service.clock.now();
        const chatId = chatIds[minute * 17] ?? newId();
        note(at, 'message.received', chatId, 'accepted');
        if (minute % 3 === 0) note(at, 'chat.typing_indicator.started', null, 'ignored');
        if (minute === 9) note(at, null, null, 'mismatch');
        await pass(service, SECOND);
        note(service.clock.now(), 'message.sent', chatId, 'accepted');
        await tell(service, [outboundOf(service.clock.now(), { chatId })]);
      }
      service.counters.accepted = 21_408;
      service.counters.ignored = 3_117;
      service.counters.rejected.mismatch = 1;
      service.counters.lastAcceptedAt = service.clock.now();
      return chatIds[0] ?? '';
    },
  };
}
