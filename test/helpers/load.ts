import { setTimeout as delay } from 'node:timers/promises';
import { type Planned, planChat } from './deliveries.ts';
import type { Seeded } from './seed.ts';
import { type Answered, createSender } from './sender.ts';

/** A worker's pause after a 503; far shorter than Linq's own, so that the service is pressed all the same. */
const RETRY_MS = 20;
/** Replicas that all go on at once, on a busy machine, may take longer to answer than a sender waits. */
const SILENT_MS = 60_000;

export interface Load {
  /** All deliveries of every chat that was planned so far. */
  readonly chats: ReadonlyMap<string, readonly Planned[]>;
  readonly answers: ReadonlyMap<Answered, number>;
  /** When each event was sent for the first time, `performance.now()`. */
  readonly sentAt: ReadonlyMap<string, number>;
  /** Sends at that address, over so many connections, until stopped or until nobody answers there any more. */
  readonly run: (url: string) => LoadRun;
  /** Sends until everything that was begun is answered 2xx. @throws when nobody listens, a connection breaks or no answer comes for a minute */
  readonly finish: (url: string) => Promise<void>;
}

export interface LoadRun {
  /** Resolves when every worker has ended by itself. */
  readonly ended: Promise<void>;
  readonly stop: () => Promise<void>;
}

export interface LoadOptions {
  readonly seeded: Seeded;
  readonly connections: number;
  /** How many new chats each run may begin; then it repeats what was sent before. */
  readonly chatsPerRun: number;
  /** How long each connection rests after a delivery; default: not at all. */
  readonly restMs?: number;
  /** Also repeat what was answered 401, which Linq never does: in place of catch-up, which reads such events later. */
  readonly isRefusalRepeated?: boolean;
  /** Told of each new chat before its first delivery. */
  readonly onChat: (chatId: string, line: string) => void;
}

/**
 * Makes deliveries as Linq does: shuffled, some of them twice, and again and again until they are answered 2xx, but
 * never again after a 4xx.
 */
export function createLoad({ seeded, connections, chatsPerRun, restMs = 0, ...rest }: LoadOptions): Load {
  const { onChat, isRefusalRepeated = false } = rest;
  const { random, between, pick } = seeded;
  const chats = new Map<string, Planned[]>();
  const answers = new Map<Answered, number>();
  const sentAt = new Map<string, number>();
  const acked: Planned[] = [];
  const waiting: Planned[] = [];
  let chatsLeft = 0;

  function begin(): void {
    const planned = planChat(seeded, Date.now());
    const [first] = planned;
    if (first === undefined) return;
    onChat(first.chatId, first.told.outbound?.line ?? '');
    chats.set(first.chatId, planned);
    waiting.push(...planned);
    chatsLeft--;
  }

  function next(): Planned | undefined {
    if (acked.length > 0 && random() < 0.15) return pick(acked);
    while (waiting.length < 40 && chatsLeft > 0) begin();
    const [taken] = waiting.splice(between(0, waiting.length - 1), 1);
    return taken ?? pick(acked);
  }

  async function deliver(planned: Planned, send: ReturnType<typeof createSender>['send']): Promise<Answered> {
    const isRepeat = planned.state === 'acked';
    if (!isRepeat) planned.state = 'sent';
    if (!sentAt.has(planned.eventId)) sentAt.set(planned.eventId, performance.now());
    const answer = await send(planned.body, planned.eventId);
    answers.set(answer, (answers.get(answer) ?? 0) + 1);
    if (isRepeat) return answer;
    const isAnswered = typeof answer === 'number';
    if (isAnswered && answer < 300) {
      acked.push(planned);
      planned.state = 'acked';
      planned.ackedAtNs = process.hrtime.bigint();
    } else if (!isAnswered || answer >= 500 || (isRefusalRepeated && answer === 401)) waiting.push(planned);
    if (answer === 503) await delay(RETRY_MS);
    return answer;
  }

  return {
    chats,
    answers,
    sentAt,
    run(url) {
      chatsLeft = chatsPerRun;
      let isStopped = false;
      const sender = createSender(url, connections);
      const work = async () => {
        while (!isStopped) {
          const planned = next();
          if (planned === undefined || typeof (await deliver(planned, sender.send)) !== 'number') return;
          if (restMs > 0) await delay(restMs);
        }
      };
      const ended = Promise.all(Array.from({ length: connections }, work)).then(() => sender.close());
      const stop = () => {
        isStopped = true;
        return ended;
      };
      return { ended, stop };
    },
    async finish(url) {
      const sender = createSender(url, connections);
      let answeredAt = performance.now();
      const work = async () => {
        for (let planned = waiting.shift(); planned !== undefined; planned = waiting.shift()) {
          const answer = await deliver(planned, sender.send);
          if (typeof answer === 'number') answeredAt = performance.now();
          else if (answer !== 'late' || performance.now() - answeredAt > SILENT_MS)
            throw new Error(`nobody answers at ${url}`);
        }
      };
      await Promise.all(Array.from({ length: connections }, work));
      await sender.close();
    },
  };
}
