import { Pool } from 'undici';
import { answerParent } from '../child.ts';
import { idOf } from '../deliveries.ts';
import { type Rate, startRate } from '../rate.ts';
import { API_KEY, CONCURRENCY } from '../settings.ts';

export interface BareLoopQuestion {
  readonly apiUrl: string;
  readonly count: number;
  /** Calls made before the clock starts. */
  readonly leadIn: number;
}

const HEADERS = { authorization: `Bearer ${API_KEY}`, accept: 'application/json' };
const chatIds = Array.from({ length: 1_000 }, (_, n) => idOf(`bare ${n}`));

let pool: Pool | null = null;

/** The same calls with nothing around them. */
async function run({ apiUrl, count, leadIn }: BareLoopQuestion): Promise<Rate> {
  pool ??= new Pool(apiUrl, { connections: CONCURRENCY });
  await call(pool, leadIn);
  const stop = startRate();
  await call(pool, count);
  return stop(count);
}

async function call(api: Pool, count: number): Promise<void> {
  let left = count;
  const worker = async () => {
    while (left-- > 0) {
      const path = `/v3/chats/${chatIds[left % chatIds.length]}/share_contact_card`;
      const { statusCode, body } = await api.request({ method: 'POST', path, headers: HEADERS });
      await body.dump();
      if (statusCode !== 204) throw new Error(`expected 204, got ${statusCode}`);
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, worker));
}

answerParent<BareLoopQuestion, Rate>(run);
