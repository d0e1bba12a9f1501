import { setTimeout as delay } from 'node:timers/promises';
import { REDELIVERY_MS } from '../../src/simulator/deliveries.ts';
import { type Planned, planChat } from './deliveries.ts';
import type { Seeded } from './seed.ts';
import { type Answered, createSender } from './sender.ts';

/** Linq's schedule, ten tries in about 25 minutes, in so small a part of the time. */
export function scheduleIn(part: number): readonly number[] {
  return REDELIVERY_MS.map((ms) => ms * part);
}

/** One event on its way, with its bytes: these are let go once it has arrived. */
export interface Parcel {
  readonly planned: Planned;
  readonly body: string;
  /** Its last byte isn't sent before that has resolved. */
  readonly beforeEnd?: () => Promise<void>;
}

/** Plans a chat and puts it into the map without its bytes, so that millions of them can be checked later. */
export function planParcels(seeded: Seeded, chats: Map<string, readonly Planned[]>): Parcel[] {
  const parcels = planChat(seeded, Date.now()).map((full) => ({
    planned: { ...full, body: '' },
    body: full.body,
  }));
  const planned = parcels.map((parcel) => parcel.planned);
  chats.set(planned[0]?.chatId ?? '', planned);
  return parcels;
}

export interface Post {
  /** Delivers as Linq does: again after 5xx, 429 and silence, never after another 4xx. Resolves to the last answer. */
  readonly deliver: (parcel: Parcel) => Promise<Answered>;
  /** How often each answer was given. */
  readonly answers: ReadonlyMap<Answered, number>;
  /** How long each delivery that was answered 204 waited for that answer, ms. */
  readonly tookMs: readonly number[];
  readonly close: () => Promise<void>;
}

/** @param urlOf asked before every try: a service that was started again may listen elsewhere */
export function createPost(urlOf: () => string, connections: number, scheduleMs = scheduleIn(1 / 60)): Post {
  const answers = new Map<Answered, number>();
  const tookMs: number[] = [];
  let sender = createSender(urlOf(), connections);
  let senderUrl = urlOf();

  async function attempt({ planned, body, beforeEnd }: Parcel): Promise<Answered> {
    if (senderUrl !== urlOf()) {
      void sender.close();
      senderUrl = urlOf();
      sender = createSender(senderUrl, connections);
    }
    const before = performance.now();
    const answer = await sender.send(body, planned.eventId, beforeEnd);
    if (answer === 204) tookMs.push(performance.now() - before);
    answers.set(answer, (answers.get(answer) ?? 0) + 1);
    return answer;
  }

  return {
    answers,
    tookMs,
    async deliver(parcel) {
      const { planned } = parcel;
      const isRepeat = planned.state === 'acked';
      if (!isRepeat) planned.state = 'sent';
      for (const waitMs of scheduleMs) {
        const answer = await attempt(parcel);
        if (!isRepeat && answer === 204) planned.state = 'acked';
        if (typeof answer === 'number' && answer < 500 && answer !== 429) return answer;
        await delay(waitMs);
      }
      const last = await attempt(parcel);
      if (!isRepeat && last === 204) planned.state = 'acked';
      return last;
    },
    close: () => sender.close(),
  };
}

/** The value below which that part of the values lies. */
export function quantile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0;
}

/** Takes job after job from the list, so many at a time. */
export async function inParallel<T>(
  jobs: readonly T[],
  width: number,
  run: (job: T) => Promise<unknown>,
): Promise<void> {
  const left = jobs.values();
  const work = async () => {
    for (const job of left) await run(job);
  };
  await Promise.all(Array.from({ length: width }, work));
}
