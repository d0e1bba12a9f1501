import { answerParent } from './child.ts';
import { idOf } from './deliveries.ts';
import { cpuMicrosOf } from './process-cpu.ts';
import { type Rate, startRate } from './rate.ts';
import { createShareCall } from './share-call.ts';

export type PeerQuestion =
  | {
      readonly kind: 'open';
      readonly apiUrl: string;
      /** Directory of the server's Unix socket. */
      readonly socketDir: string;
      readonly serverPid: number;
      /** Jobs that the queue fetches at once, where that can be set. */
      readonly fetchAtOnce: number;
    }
  /** Queues one job per chat, then runs them; the first `leadIn` of them before the clock starts. */
  | { readonly kind: 'drain'; readonly count: number; readonly leadIn: number; readonly seed: number };

export interface PeerRate extends Rate {
  /** Microseconds of the server's processes for each call. */
  readonly serverCpuMicros: number;
}

/** A job queue that makes the share calls. */
export interface Peer {
  /** Queues a job per chat while nothing runs. */
  add(chatIds: readonly string[]): Promise<void>;
  start(): Promise<void>;
  /** Resolves when the outcome of every job is durable; called after the last call was answered. */
  finished(): Promise<void>;
  stop(): Promise<void>;
}

export interface PeerOptions {
  readonly socketDir: string;
  readonly fetchAtOnce: number;
  /** What each job does. Resolves when the API has answered. */
  readonly shareCall: (chatId: string) => Promise<void>;
}

/** The loop of a process that runs a job queue: answers the parent's questions. */
export function answerAsPeer(open: (options: PeerOptions) => Promise<Peer>): void {
  let answered = 0;
  let onAnswered: () => void = () => {};
  let opened: { readonly peer: Peer; readonly serverPid: number } | null = null;
  const until = (count: number) =>
    new Promise<void>((resolve) => {
      onAnswered = () => {
        if (answered >= count) resolve();
      };
      onAnswered();
    });

  answerParent<PeerQuestion, PeerRate | null>(async (question) => {
    if (question.kind === 'open') {
      const { apiUrl, socketDir, serverPid, fetchAtOnce } = question;
      const call = createShareCall(apiUrl);
      const shareCall = async (chatId: string) => {
        await call(chatId).catch(giveUp); // a queue would try again, and the figures would hide it
        answered++;
        onAnswered();
      };
      opened = { peer: await open({ socketDir, fetchAtOnce, shareCall }), serverPid };
      return null;
    }
    if (opened === null) throw new Error('open it first');
    const { peer, serverPid } = opened;
    const { count, leadIn, seed } = question;
    const total = count + leadIn;
    await peer.add(Array.from({ length: total }, (_, n) => idOf(`job ${seed} ${n}`)));
    answered = 0;
    await peer.start();
    await until(leadIn);
    const before = answered;
    const serverCpu = cpuMicrosOf(serverPid);
    const stop = startRate();
    await until(total);
    await peer.finished();
    const rate = stop(total - before);
    const serverCpuMicros = (cpuMicrosOf(serverPid) - serverCpu) / (total - before);
    await peer.stop();
    return { ...rate, serverCpuMicros };
  });
}

function giveUp(error: unknown): never {
  process.stderr.write(`${error instanceof Error ? error.stack : error}\n`);
  process.exit(1);
}
