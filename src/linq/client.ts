import { toUSVString } from 'node:util';
import type { Clock } from '../clock.ts';
import type { LinqAnswer } from '../decide/answer.ts';
import { type EpochMs, SECOND } from '../decide/duration.ts';
import { parseHttpDate } from '../decide/http-date.ts';
import type { Reply } from './call.ts';
import { createExchange } from './exchange.ts';
import { firstHeader, readAnswer } from './read-answer.ts';
import { type ContactCard, readCards } from './read-cards.ts';
import { type ChatRead, readChat } from './read-chat.ts';

export interface LinqClientOptions {
  /** With the path before `/v3`; calls go to its origin and nowhere else. */
  readonly baseUrl: string;
  readonly apiKey: string;
  /** Most requests on the wire at once. */
  readonly connections: number;
  readonly clock: Pick<Clock, 'systemNow' | 'monotonic'>;
  /** Over connection, headers and body together. Default: 15 s. */
  readonly deadlineMs?: number;
  /** Default: 5 s; undici looks about twice a second. */
  readonly connectMs?: number;
  /** Told of every answer with a valid `Date` header. */
  readonly onDate: (reading: DateReading) => void;
}

/** Linq's clock, which counts whole seconds, read between two readings of the system's wall clock. */
interface DateReading {
  readonly serverAt: EpochMs;
  readonly requestedAt: EpochMs;
  readonly receivedAt: EpochMs;
}

/** A read brought nothing; `answer` has the share call's classes and never a 2xx. */
interface ReadFailed {
  readonly kind: 'failed';
  readonly answer: LinqAnswer;
}
type CardsAnswer = { readonly kind: 'cards'; readonly cards: readonly ContactCard[] } | ReadFailed;
type ChatAnswer = ({ readonly kind: 'chat' } & ChatRead) | ReadFailed;

/**
 * The few Linq calls that sharing needs. Nothing here rejects, retries or follows a redirect: whatever happens is an
 * answer. The signal ends a call early, as `aborted`.
 */
export interface LinqClient {
  /** Any 2xx counts as its headers arrive; its body can't undo it. */
  shareContactCard(chatId: string, signal?: AbortSignal): Promise<LinqAnswer>;
  /** The card of one line, or of all; match on the number. No card at all is an empty list. */
  contactCards(line: string | null, signal?: AbortSignal): Promise<CardsAnswer>;
  chat(chatId: string, signal?: AbortSignal): Promise<ChatAnswer>;
  /** Ends running calls as `closed`; later ones end so at once. */
  close(): Promise<void>;
}

const CARD_NOT_FOUND = 2012;

export function createLinqClient(options: LinqClientOptions): LinqClient {
  const { clock, onDate, deadlineMs = 15 * SECOND, connectMs = 5 * SECOND, ...rest } = options;
  const systemNow = () => clock.systemNow();
  const exchange = createExchange({
    ...rest,
    deadlineMs,
    connectMs,
    systemNow,
    monotonic: () => clock.monotonic(),
    onHeaders(headers, requestedAt) {
      const serverAt = parseHttpDate(firstHeader(headers, 'date') ?? '');
      if (serverAt !== null) onDate({ serverAt, requestedAt, receivedAt: systemNow() });
    },
  });
  const get = (path: string, signal?: AbortSignal) =>
    exchange.send({ method: 'GET', path, wantsBody: true }, signal);
  const answerOf = (reply: Reply, isRead: boolean) => readAnswer(reply, isRead, systemNow(), options.apiKey);
  const failed = (reply: Reply): ReadFailed => ({
    kind: 'failed',
    answer: isSuccess(reply) ? UNREADABLE : answerOf(reply, true),
  });

  return {
    async shareContactCard(chatId, signal) {
      const path = `/v3/chats/${segment(chatId)}/share_contact_card`;
      const reply = await exchange.send({ method: 'POST', path, wantsBody: false }, signal);
      return answerOf(reply, false);
    },
    async contactCards(line, signal) {
      const query = line === null ? '' : `?phone_number=${segment(line)}`;
      const reply = await get(`/v3/contact_card${query}`, signal);
      const cards = isSuccess(reply) ? readCards(reply.body) : null;
      if (cards !== null) return { kind: 'cards', cards };
      const failure = failed(reply);
      return failure.answer.kind === 'answered' && failure.answer.linqCode === CARD_NOT_FOUND
        ? { kind: 'cards', cards: [] }
        : failure;
    },
    async chat(chatId, signal) {
      const reply = await get(`/v3/chats/${segment(chatId)}`, signal);
      const chat = isSuccess(reply) ? readChat(reply.body) : null;
      return chat === null ? failed(reply) : { kind: 'chat', ...chat };
    },
    close: exchange.close,
  };
}

/** A 2xx whose body can't be read is no answer to a read; as an answer it would be taken for a success. */
const UNREADABLE: LinqAnswer = { kind: 'unanswered', mayHaveArrived: false, cause: 'unreadable' };

function isSuccess(reply: Reply): reply is Extract<Reply, { kind: 'reply' }> {
  return reply.kind === 'reply' && reply.httpStatus >= 200 && reply.httpStatus <= 299;
}

/** Never throws: what isn't well-formed Unicode is replaced. */
function segment(text: string): string {
  return encodeURIComponent(toUSVString(text));
}
