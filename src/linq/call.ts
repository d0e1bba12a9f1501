import type { Dispatcher } from 'undici';
import type { EpochMs } from '../decide/time.ts';
import type { Endable } from './aborts.ts';
import { causeOf } from './cause.ts';
import type { Expiring } from './deadlines.ts';
import { readBody } from './read-body.ts';

export type Headers = Readonly<Record<string, string | string[] | undefined>>;

/** What came back, before anyone reads it. */
export type Reply =
  | {
      readonly kind: 'reply';
      readonly httpStatus: number;
      readonly headers: Headers;
      /** Null when it wasn't wanted, didn't arrive whole (too large, too late, cut off), or can't be decoded. */
      readonly body: string | null;
    }
  /** `wasSent`: the request was handed to a connection, so Linq may have acted on it. */
  | { readonly kind: 'none'; readonly wasSent: boolean; readonly cause: string };

export interface CallEvents {
  /** An answer begins; `requestedAt` is when its request was written, by `systemNow`. */
  onHeaders(headers: Headers, requestedAt: EpochMs): void;
  /** The call is settled: what is still to come of its body doesn't matter. */
  onSettledEarly(call: Call): void;
  /** The call is over, its connection free or gone. */
  onDone(call: Call): void;
  systemNow(): EpochMs;
}

/**
 * One HTTP exchange, from the queue to the last byte. Written against undici's `dispatch`, which alone tells whether
 * a request was handed to a connection: `request` fails alike before and after.
 */
export class Call implements Dispatcher.DispatchHandler, Expiring, Endable {
  /** What may end it early. */
  readonly signal: AbortSignal | undefined;
  readonly #wantsBody: boolean;
  readonly #maxBodyBytes: number;
  readonly #events: CallEvents;
  readonly #resolve: (reply: Reply) => void;
  #controller: Dispatcher.DispatchController | null = null;
  #requestedAt = 0;
  #httpStatus = 0;
  #headers: Headers = {};
  #chunks: Buffer[] = [];
  #isSettled = false;
  #isDone = false;

  /**
   * @param wantsBody false: a 2xx is complete with its headers, and what becomes of its body doesn't matter
   * @param maxBodyBytes of what a compressed body unpacks to
   */
  constructor(
    wantsBody: boolean,
    maxBodyBytes: number,
    signal: AbortSignal | undefined,
    events: CallEvents,
    resolve: (reply: Reply) => void,
  ) {
    this.signal = signal;
    this.#wantsBody = wantsBody;
    this.#maxBodyBytes = maxBodyBytes;
    this.#events = events;
    this.#resolve = resolve;
  }

  expire(): void {
    this.end('timeout');
  }

  /** Stops now, wherever the call is; a request that still waits for a connection will never be written. */
  end(cause: string): void {
    if (this.#isDone) return;
    this.#fail(cause);
    this.#controller?.abort(new Error(cause));
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    if (this.#isDone) {
      controller.abort(new Error('ended while queued'));
      return;
    }
    this.#controller = controller;
    this.#requestedAt = this.#events.systemNow();
  }

  onResponseStart(_controller: unknown, httpStatus: number, headers: Headers): void {
    if (httpStatus < 200) return; // early hints: the answer is still to come
    this.#httpStatus = httpStatus;
    this.#headers = headers;
    if (!this.#wantsBody && httpStatus <= 299) {
      this.#settleReply(null);
      this.#events.onSettledEarly(this);
    }
    this.#events.onHeaders(headers, this.#requestedAt);
  }

  onResponseData(_controller: unknown, chunk: Buffer): void {
    if (!this.#isSettled) this.#chunks.push(chunk);
  }

  onResponseEnd(): void {
    this.#release();
    if (this.#isSettled) return;
    const bytes = Buffer.concat(this.#chunks);
    void readBody(bytes, this.#headers, this.#maxBodyBytes).then((body) => this.#settleReply(body));
  }

  onResponseError(_controller: unknown, error: Error): void {
    if (!this.#isDone) this.#fail(causeOf(error));
  }

  #fail(cause: string): void {
    this.#release();
    if (this.#httpStatus !== 0) this.#settleReply(null);
    else this.#settle({ kind: 'none', wasSent: this.#controller !== null, cause });
  }

  #release(): void {
    this.#isDone = true;
    this.#events.onDone(this);
  }

  #settleReply(body: string | null): void {
    this.#settle({ kind: 'reply', httpStatus: this.#httpStatus, headers: this.#headers, body });
  }

  #settle(reply: Reply): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    this.#chunks = [];
    this.#resolve(reply);
  }
}
