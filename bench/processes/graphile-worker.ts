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
 * graphile-worker with the batching that its documents recommend: a local queue, which fetches several jobs at once, and one
 * statement for all jobs that complete in the same turn of the event loop. It logs nothing, and has a connection per
 * concurrent job and one more, as on its performance page. A job gives its place to the next one before its completion is
 * durable, so a slow disk holds it up less than the others; the clock runs until the last completion is durable.
 */
answerAsPeer(async ({ socketDir, fetchAtOnce, shareCall }) => {
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
            localQueue: { size: fetchAtOnce },
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
