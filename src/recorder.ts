import type { EpochMs } from './decide/duration.ts';
import type { ReactorEvent } from './decide/event.ts';
import { StoreError } from './errors.ts';

/** What became of one event of a group. */
export type CommitResult =
  | { readonly kind: 'stored' }
  | { readonly kind: 'unstorable'; readonly cause: string };

export interface RecorderOptions {
  /** One durable transaction for all; the results stand in the order of the events. Rejects when none is stored. */
  readonly commit: (events: readonly ReactorEvent[], now: EpochMs) => Promise<readonly CommitResult[]>;
  readonly now: () => EpochMs;
  /** A hint after each commit that these chats and lines changed; nothing may depend on it. */
  readonly onRecorded: (chatIds: ReadonlySet<string>, lines: ReadonlySet<string>) => void;
  /** Runs a function after the deliveries at hand have been taken in; `setImmediate` except in tests. */
  readonly schedule?: (flush: () => void) => void;
}

export interface Recorder {
  /**
   * Resolves once the event is committed, or can't ever be. Rejects with the store's error when its group could not
   * be committed now.
   */
  record(event: ReactorEvent): Promise<'stored' | { readonly unstorable: string }>;
  /** Resolves when nothing is waiting or being committed. */
  drain(): Promise<void>;
}

/** From so many on, a commit's own cost hardly shows in that of its events. */
const ENOUGH = 256;
/** Bounds how long one commit may hold the event loop. */
const MAX_GROUP = 512;

interface Waiting {
  readonly event: ReactorEvent;
  readonly resolve: (result: 'stored' | { readonly unstorable: string }) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Group commit: all events that arrive together go into one transaction, and the next group forms while it is being
 * committed. Senders that were answered together come back together, but not within one turn of the event loop.
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

  /** Takes in what comes for as long as each turn of the event loop brings more. */
  function gather(known: number): void {
    later(() => {
      if (queue.length > known && queue.length < ENOUGH) gather(queue.length);
      else void flush();
    });
  }

  async function flush(): Promise<void> {
    const group = queue.slice(0, MAX_GROUP);
    queue = queue.slice(MAX_GROUP);
    const stored = await commitGroup(group, commit, now);
    if (queue.length > 0) start();
    else {
      isFlushing = false;
      for (const done of onDrained.splice(0)) done();
    }
    nudge(stored, onRecorded);
  }

  return {
    record: (event) =>
      new Promise((resolve, reject) => {
        queue.push({ event, resolve, reject });
        if (!isFlushing) start();
      }),
    drain: () =>
      new Promise((resolve) => {
        if (isFlushing) onDrained.push(resolve);
        else resolve();
      }),
  };
}

/** Answers everyone in the group and returns the events that are stored; never rejects. */
async function commitGroup(
  group: readonly Waiting[],
  commit: RecorderOptions['commit'],
  now: () => EpochMs,
): Promise<ReactorEvent[]> {
  const stored: ReactorEvent[] = [];
  try {
    const results = await commit(
      group.map(({ event }) => event),
      now(),
    );
    for (const [index, waiting] of group.entries()) {
      const result = results[index];
      if (result === undefined)
        waiting.reject(new StoreError('broken', 'the store left an event of a group out'));
      else if (result.kind === 'unstorable') waiting.resolve({ unstorable: result.cause });
      else {
        stored.push(waiting.event);
        waiting.resolve('stored');
      }
    }
  } catch (error) {
    for (const { reject } of group) reject(error);
  }
  return stored;
}

function nudge(stored: readonly ReactorEvent[], onRecorded: RecorderOptions['onRecorded']): void {
  if (stored.length === 0) return;
  const chatIds = new Set<string>();
  const lines = new Set<string>();
  for (const event of stored) {
    if (event.kind === 'chat') chatIds.add(event.chatId);
    else lines.add(event.line);
  }
  try {
    onRecorded(chatIds, lines);
  } catch {
    // only a hint: whoever missed it wakes by itself, and the deliveries are committed all the same
  }
}
