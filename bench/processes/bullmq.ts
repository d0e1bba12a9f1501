import { join } from 'node:path';
import { Queue, Worker } from 'bullmq';
import { answerAsPeer } from '../peer.ts';
import { CONCURRENCY } from '../settings.ts';

const GROUP = 1_000;
const NAME = 'shares';

/**
 * BullMQ as its guides configure it for throughput: one worker with a concurrency, and jobs added in bulk. Completed jobs stay,
 * which is its default and costs less than removing them. It does nothing that isn't needed: no delays, priorities, rate limit,
 * metrics or telemetry, and nobody listens to its events. The lock's renewal and the check for stalled jobs stay on: they
 * are what saves a job when a worker dies. A Unix socket takes no more CPU than the loopback interface.
 */
answerAsPeer(async ({ socketDir, shareCall }) => {
  const connection = { path: join(socketDir, 'redis.sock') };
  let completed = 0;
  let added = 0;
  let onCompleted: () => void = () => {};
  const queue = new Queue<{ chatId: string }>(NAME, { connection });
  const worker = new Worker<{ chatId: string }>(NAME, ({ data }) => shareCall(data.chatId), {
    connection,
    autorun: false,
    concurrency: CONCURRENCY,
  });
  // Emitted when Redis has answered that the job is completed; with `appendfsync always` that is after its fsync.
  worker.on('completed', () => {
    completed++;
    onCompleted();
  });
  return {
    async add(chatIds) {
      added += chatIds.length;
      for (let from = 0; from < chatIds.length; from += GROUP) {
        const group = chatIds.slice(from, from + GROUP);
        await queue.addBulk(group.map((chatId) => ({ name: 'share', data: { chatId } })));
      }
    },
    async start() {
      if (worker.isPaused()) worker.resume();
      else void worker.run(); // ends when the worker is paused
    },
    finished: () =>
      new Promise((resolve) => {
        onCompleted = () => {
          if (completed >= added) resolve();
        };
        onCompleted();
      }),
    stop: () => worker.pause(),
  };
});
