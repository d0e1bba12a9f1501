import type { Clock } from '../../clock.ts';
import { SECOND } from '../../decide/time.ts';
import type { HttpProxy } from '../../http/proxy.ts';
import { createLinqClient, type LinqClient } from '../../linq/client.ts';
import type { DateReading } from '../judge/account.ts';

type Answers = {
  readonly [K in 'lines' | 'subscriptions']: Awaited<ReturnType<LinqClient[K]>>;
} & { readonly cards: Awaited<ReturnType<LinqClient['contactCards']>> };

export interface SeenLinq extends Answers {
  /** Null: no response had Linq's time. */
  readonly date: DateReading | null;
}

/** Three calls in parallel; a slower one counts as unanswered. */
const DEADLINE_MS = 8 * SECOND;

/** Reads the account; changes nothing. */
export async function lookAtLinq(
  account: { readonly apiKey: string; readonly baseUrl: string; readonly proxy: HttpProxy | null },
  clock: Clock,
): Promise<SeenLinq> {
  let date: DateReading | null = null;
  const linq = createLinqClient({
    ...account,
    connections: 2,
    clock,
    deadlineMs: DEADLINE_MS,
    onDate: (reading) => {
      date = reading;
    },
  });
  try {
    const lines = await linq.lines();
    const [cards, subscriptions] = await Promise.all([linq.contactCards(null), linq.subscriptions()]);
    return { lines, cards, subscriptions, date };
  } finally {
    await linq.close();
  }
}
