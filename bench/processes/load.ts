import { connect, type Socket } from 'node:net';
import { answerParent } from '../child.ts';
import { buildDeliveries, type DeliveryPlan } from '../deliveries.ts';
import { CONNECTIONS } from '../settings.ts';
import { percentile } from '../stats.ts';

export type LoadQuestion =
  | ({ readonly kind: 'build' } & DeliveryPlan)
  | {
      readonly kind: 'run';
      readonly port: number;
      readonly leadInMs: number;
      readonly measureMs: number;
      /** At most so many; default: each connection sends the next one when the last one is answered. */
      readonly perSecond?: number;
    };

export interface LoadAnswer {
  /** Deliveries answered 204, those before and after the measured time included. */
  readonly answered: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** Answers have no body, so each comes in one piece that ends with its head. */
const HEAD_END = Buffer.from('\r\n\r\n');
const STATUS_AT = 'HTTP/1.1 '.length;

/** Whole requests. */
let deliveries: readonly Buffer[] = [];

/** Sends the deliveries, each once; a connection sends the next one when the last one is answered and it is time. */
class Load {
  readonly #measureFrom: number;
  readonly #measureUntil: number;
  readonly #tookMs: number[] = [];
  readonly #startedAt = performance.now();
  readonly #perSecond: number;
  #sent = 0;
  #lastAt = 0;

  constructor(leadInMs: number, measureMs: number, perSecond = Number.POSITIVE_INFINITY) {
    this.#perSecond = perSecond;
    this.#measureFrom = this.#startedAt + leadInMs;
    this.#measureUntil = this.#measureFrom + measureMs;
  }

  /** Resolves when the time is over, or the deliveries are used up, and the last one is answered. */
  drive(socket: Socket): Promise<void> {
    return new Promise((resolve, reject) => {
      let sentAt = 0;
      const send = () => {
        const delivery = deliveries[this.#sent];
        if (delivery === undefined || performance.now() >= this.#measureUntil) return resolve();
        const dueAt = this.#startedAt + (1000 * this.#sent) / this.#perSecond;
        this.#sent++;
        const write = () => {
          sentAt = performance.now();
          socket.write(delivery);
        };
        const waitMs = dueAt - performance.now();
        if (waitMs >= 1) setTimeout(write, waitMs);
        else write();
      };
      socket.on('error', reject);
      socket.on('close', () => reject(new Error('the server closed a connection')));
      socket.on('data', (answer) => {
        if (!isAccepted(answer)) return reject(new Error(`expected 204, got ${answer.toString('latin1')}`));
        this.#note(sentAt);
        send();
      });
      send();
    });
  }

  #note(sentAt: number): void {
    const now = performance.now();
    if (now < this.#measureFrom || now > this.#measureUntil) return;
    this.#tookMs.push(now - sentAt);
    this.#lastAt = now;
  }

  result(): LoadAnswer {
    const isUsedUp = this.#sent === deliveries.length;
    const measuredMs = (isUsedUp ? this.#lastAt : this.#measureUntil) - this.#measureFrom;
    return {
      answered: this.#sent,
      perSecond: (this.#tookMs.length / measuredMs) * 1000,
      p50Ms: percentile(this.#tookMs, 0.5),
      p99Ms: percentile(this.#tookMs, 0.99),
    };
  }
}

function isAccepted(answer: Buffer): boolean {
  const isWhole = answer.compare(HEAD_END, 0, HEAD_END.length, answer.length - HEAD_END.length) === 0;
  return isWhole && answer.toString('latin1', STATUS_AT, STATUS_AT + 3) === '204';
}

function open(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, noDelay: true });
    socket.once('connect', () => resolve(socket)).once('error', reject);
  });
}

answerParent<LoadQuestion, LoadAnswer | null>(async (question) => {
  if (question.kind === 'build') {
    deliveries = buildDeliveries(question);
    return null;
  }
  const sockets = await Promise.all(Array.from({ length: CONNECTIONS }, () => open(question.port)));
  const load = new Load(question.leadInMs, question.measureMs, question.perSecond);
  await Promise.all(sockets.map((socket) => load.drive(socket)));
  for (const socket of sockets) socket.destroy();
  return load.result();
});
