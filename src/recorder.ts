import type { ReactorEvent } from './decide/event.ts';
import type { EpochMs } from './decide/time.ts';
import { StoreError } from './errors.ts';
import type { Recordable } from './store/store.ts';

/** What became of one entry of a group. */
export type CommitResult =
  | { readonly kind: 'stored' }
  | { readonly kind: 'unstorable'; readonly cause: string };

export interface RecorderOptions {
  /** One durable transaction for all; results are in the order of the entries. Rejects if none is stored. */
  readonly commit: (entries: readonly Recordable[], now: EpochMs) => Promise<readonly CommitResult[]>;
  readonly now: () => EpochMs;
  /** A hint after each commit that stored an event; nothing may depend on it. */
  readonly onRecorded: () => void;
  /** Runs a function once the pending deliveries have been received; `setImmediate` except in tests. */
  readonly schedule?: (flush: () => void) => void;
}

export interface Recorder {
  /** Resolves once the event is committed, or can never be. Rejects with the store's error when its group failed. */
  record(event: ReactorEvent): Promise<'stored' | { readonly unstorable: string }>;
  /** Resolves once a delivery that can't be read is committed, in the same groups; rejects when it isn't. */
  quarantine(delivery: Unreadable): Promise<void>;
  /** Resolves when nothing is waiting or being committed. */
  drain(): Promise<void>;
}

type Unreadable = Exclude<Recordable, ReactorEvent>;

/** No need to wait for a larger group: at this size, a commit's fixed cost hardly matters. */
const ENOUGH_TO_COMMIT = 256;
/** These bound how long one commit may block the event loop. Events are small; a quarantined body is kept whole. */
const MAX_GROUP = 512;
const MAX_GROUP_BYTES = 1024 * 1024;

interface Waiting {
  readonly entry: Recordable;
  readonly resolve: (result: 'stored' | { readonly unstorable: string }) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Group commit: everything that arrives together goes into one transaction, and the next group forms while
 * this one is being committed. Senders answered together send again together, but not within one turn of the
 * event loop.
 */
export function createRecorder({ commit, now, onRecorded, schedule }: RecorderOptions): Recorder {
  const later = schedule ?? ((flush) => setImmediate(flush));
  let queue: Waiting[] = [];
  let isFlushing = false;
  const onDrained: (() => void)[] = [];

  const start = () => {
    isFlushing = true;
    gather(queue.length);
  };

  /** Waits as long as each turn of the event loop brings more entries. */
  function gather(known: number): void {
    later(() => {
      if (queue.length > known && queue.length < ENOUGH_TO_COMMIT && !isFull(queue)) gather(queue.length);
      else void flush();
    });
  }

  async function flush(): Promise<void> {
    const count = groupOf(queue);
    const group = queue.slice(0, count);
    queue = queue.slice(count);
    const hasNews = await commitGroup(group, commit, now);
    if (queue.length > 0) start();
    else {
      isFlushing = false;
      for (const done of onDrained.splice(0)) done();
    }
    if (hasNews) nudge(onRecorded);
  }

  const add = (entry: Recordable): ReturnType<Recorder['record']> =>
    new Promise((resolve, reject) => {
      queue.push({ entry, resolve, reject });
      if (!isFlushing) start();
    });

  return {
    record: add,
    async quarantine(delivery) {
      const result = await add(delivery);
      if (result !== 'stored') throw new StoreError('broken', result.unstorable);
    },
    drain: () =>
      new Promise((resolve) => {
        if (isFlushing) onDrained.push(resolve);
        else resolve();
      }),
  };
}

const bytesOf = ({ entry }: Waiting) => ('sealed' in entry ? entry.sealed.length : 0);
const isFull = (queue: readonly Waiting[]) => groupOf(queue) < queue.length;

/** How many entries from the front form one group: at least one. */
function groupOf(queue: readonly Waiting[]): number {
  let bytes = 0;
  for (const [index, waiting] of queue.entries()) {
    bytes += bytesOf(waiting);
    if (index === MAX_GROUP || (index > 0 && bytes > MAX_GROUP_BYTES)) return index;
  }
  return queue.length;
}

/** Commits a group and settles its entries; resolves to whether an event was stored. Never rejects. */
async function commitGroup(
  group: readonly Waiting[],
  commit: RecorderOptions['commit'],
  now: () => EpochMs,
): Promise<boolean> {
  let hasNews = false;
  try {
    const results = await commit(
      group.map(({ entry }) => entry),
      now(),
    );
    for (const [index, waiting] of group.entries()) {
      const result = results[index];
      if (result === undefined)
        waiting.reject(new StoreError('broken', 'the store returned no result for an entry'));
      else if (result.kind === 'unstorable') waiting.resolve({ unstorable: result.cause });
      else {
        if (!('sealed' in waiting.entry)) hasNews = true;
        waiting.resolve('stored');
      }
    }
  } catch (error) {
    for (const { reject } of group) reject(error);
  }
  return hasNews;
}

function nudge(onRecorded: RecorderOptions['onRecorded']): void {
  try {
    onRecorded();
  } catch {
    // only a hint: the dispatcher also wakes on its own, and the deliveries are already committed
  }
}
