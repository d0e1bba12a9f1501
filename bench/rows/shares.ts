import { join } from 'node:path';
import { startChild } from '../child.ts';
import { type BenchContext, roundName } from '../context.ts';
import type { ApiStubAnswer, ApiStubQuestion } from '../processes/api-stub.ts';
import type { BareLoopQuestion } from '../processes/bare-loop.ts';
import type { SharerAnswer, SharerQuestion } from '../processes/sharer.ts';
import { describeRate, type Rate } from '../rate.ts';
import { type Result, resultOf } from '../report.ts';
import { median } from '../stats.ts';

/** Enough for half a second. */
const BARE_COUNT = 15_000;

/** Share calls per second, every outcome durable, against an undici loop that makes the same calls and nothing else. */
export async function measureShares({
  say,
  rounds,
  isQuick,
  workDir,
}: BenchContext): Promise<readonly Result[]> {
  const count = isQuick ? 4_000 : 6_000;
  const leadIn = 500;
  const api = startChild<ApiStubQuestion, ApiStubAnswer>('api-stub', 'api-stub');
  const bare = startChild<BareLoopQuestion, Rate>('bare-loop', 'bare-loop');
  const sharer = startChild<SharerQuestion, SharerAnswer>('sharer', 'sharer');
  try {
    const apiUrl = `http://127.0.0.1:${(await api.ask({ kind: 'listen' })).port}`;
    await sharer.ask({ kind: 'open', database: { path: join(workDir, 'shares.db') }, apiUrl });
    const askBare = () => bare.ask({ apiUrl, count: BARE_COUNT, leadIn });
    const askSharer = (seed: number) => sharer.ask({ kind: 'drain', count, leadIn, seed });
    const measured: { readonly shares: Rate; readonly bare: Rate }[] = [];
    for (let round = 0; round <= rounds; round++) {
      const before = round % 2 === 0 ? await askBare() : null;
      const { rate: shares } = await askSharer(round);
      if (shares === null) throw new Error('the sharer gave no figures');
      const bareRate = before ?? (await askBare());
      say(`shares: ${roundName(round, rounds)}: ${describeRate(shares)}, bare ${describeRate(bareRate)}`);
      if (round > 0) measured.push({ shares, bare: bareRate });
    }
    return [
      resultOf({
        row: 'shares',
        what: 'share calls/s with durable outcomes, to a bare undici loop',
        target: { atLeast: 0.5 },
        unit: 'ratio',
        measured: median(measured.map(({ shares, bare: rate }) => shares.perSecond / rate.perSecond)),
        details: { rounds: measured },
      }),
    ];
  } finally {
    await Promise.all([sharer.stop(), bare.stop(), api.stop()]);
  }
}
