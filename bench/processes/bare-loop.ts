import { answerParent } from '../child.ts';
import { idOf } from '../deliveries.ts';
import { type Rate, startRate } from '../rate.ts';
import { CONCURRENCY } from '../settings.ts';
import { createShareCall } from '../share-call.ts';

export interface BareLoopQuestion {
  readonly apiUrl: string;
  readonly count: number;
  /** Calls made before the clock starts. */
  readonly leadIn: number;
}

type ShareCall = ReturnType<typeof createShareCall>;

const chatIds = Array.from({ length: 1_000 }, (_, n) => idOf(`bare ${n}`));

let shareCall: ShareCall | null = null;

/** The same calls with nothing around them. */
async function run({ apiUrl, count, leadIn }: BareLoopQuestion): Promise<Rate> {
  shareCall ??= createShareCall(apiUrl);
  await repeat(shareCall, leadIn);
  const stop = startRate();
  await repeat(shareCall, count);
  return stop(count);
}

async function repeat(call: ShareCall, count: number): Promise<void> {
  let left = count;
  const worker = async () => {
    while (left-- > 0) await call(chatIds[left % chatIds.length] ?? '');
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, worker));
}

answerParent<BareLoopQuestion, Rate>(run);
