import { chatsDatabase } from '../chats-database.ts';
import { type BenchContext, roundName } from '../context.ts';
import { type Result, resultOf } from '../report.ts';
import { startService } from '../service.ts';
import { median } from '../stats.ts';

const CHATS = 1_000_000;

/** From the start of the process until it says that it is ready, with a million chats in its database. */
export async function measureStart({
  say,
  rounds,
  cacheDir,
  workDir,
}: BenchContext): Promise<readonly Result[]> {
  const databasePath = await chatsDatabase(cacheDir, CHATS, say);
  const tookMs: number[] = [];
  for (let round = 0; round <= rounds; round++) {
    const startedAt = performance.now();
    const service = await startService(databasePath, workDir);
    const ms = performance.now() - startedAt;
    await service.stop();
    say(`start: ${roundName(round, rounds)}: ready after ${Math.round(ms)} ms`);
    if (round > 0) tookMs.push(ms);
  }
  return [
    resultOf({
      row: 'start',
      what: `start with ${CHATS.toLocaleString('en')} chats until ready`,
      target: { atMost: 2_000 },
      unit: 'ms',
      measured: median(tookMs),
      details: { tookMs },
    }),
  ];
}
