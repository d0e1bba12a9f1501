import { Logger, makeWorkerUtils, type Runner, run } from 'graphile-worker';
import { answerAsPeer } from '../peer.ts';
import { CONCURRENCY } from '../settings.ts';

declare global {
  namespace GraphileWorker {
    interface Tasks {
      share: { readonly chatId: string };
    }
  }
}

/**
 * graphile-worker with the batching that its performance page recommends: jobs are fetched 500 at a time into the
 * local queue, and all that complete in the same turn of the event loop are completed by one statement. It logs nothing, and
 * has a connection per concurrent job and one more, as on that page. A Unix socket is the shortest way to PostgreSQL.
 */
answerAsPeer(async (socketDir, shareCall) => {
  const options = {
    connectionString: `postgres://bench@/postgres?host=${encodeURIComponent(socketDir)}`,
    logger: new Logger(() => () => {}),
  };
  const utils = await makeWorkerUtils(options);
  await utils.migrate();
  let runner: Runner | null = null;
  return {
    async add(chatIds) {
      await utils.addJobs(chatIds.map((chatId) => ({ identifier: 'share', payload: { chatId } })));
    },
    async start() {
      runner = await run({
        ...options,
        noHandleSignals: true,
        taskList: { share: ({ chatId }) => shareCall(chatId) },
        preset: {
          worker: {
            concurrentJobs: CONCURRENCY,
            maxPoolSize: CONCURRENCY + 1,
            localQueue: { size: 500 },
            completeJobBatchDelay: 0,
            failJobBatchDelay: 0,
          },
        },
      });
    },
    /** A completed job's row is deleted; its last batches are on their way. */
    async finished() {
      const isLeft = 'SELECT EXISTS (SELECT FROM graphile_worker.jobs) AS yes';
      const check = () => utils.withPgClient((client) => client.query<{ yes: boolean }>(isLeft));
      while ((await check()).rows[0]?.yes) {}
    },
    async stop() {
      await runner?.stop();
    },
  };
});
