import type { Clock } from '../clock.ts';
import type { EpochMs } from '../decide/time.ts';
import type { Behaviour } from './behaviour.ts';
import { LinqError } from './simulator-errors.ts';
import type { Chat, Message, World } from './world.ts';

/**
 * A share call's effect on the other person's phone: the prompt, or nothing and why. A client that follows
 * Linq's rules only ever causes `prompt` (and `refused`, where it could not know better).
 */
export type ShareEffect =
  | 'prompt'
  | 'suppressed'
  | 'not_imessage'
  | 'no_outbound'
  | 'card_inactive'
  | 'refused';

/** One share call, recorded when it arrives and completed when it is answered. */
export interface ShareCall {
  readonly chatId: string;
  /** Null when the chat is unknown. */
  readonly line: string | null;
  readonly traceId: string;
  /** Domain time of arrival. */
  readonly arrivedAt: EpochMs;
  /** `clock.monotonic()` at arrival and, once answered, at the response: real ms, to measure intervals. */
  readonly arrivedMonotonicMs: number;
  answeredMonotonicMs: number | null;
  /** HTTP status of the answer; null while there is none (it may never come). */
  status: number | null;
  /** Linq's error code. */
  code: number | null;
  effect: ShareEffect;
}

/** True for a 2xx response. */
export const isShare = ({ status }: Pick<ShareCall, 'status'>): boolean => status !== null && status < 300;

export interface Shares {
  readonly calls: readonly ShareCall[];
  callsOf(chatId: string): readonly ShareCall[];
  /** Records the call, as `refused` until it is performed. */
  arrive(chatId: string, traceId: string): ShareCall;
  /** Performs the call as Linq would. @throws LinqError when Linq would refuse it */
  perform(call: ShareCall): void;
  answer(call: ShareCall, status: number, code: number | null): void;
}

export interface SharesParts {
  readonly world: World;
  readonly clock: Pick<Clock, 'now' | 'monotonic'>;
  readonly behaviour: Behaviour;
  readonly onChange: () => void;
  readonly onShared: (chatId: string) => void;
}

const isOutbound = (message: Message): boolean => message.direction === 'outbound' && message.sentAt !== null;

export function createShares({ world, clock, behaviour, onChange, onShared }: SharesParts): Shares {
  const calls: ShareCall[] = [];
  const byChat = new Map<string, ShareCall[]>();
  const lastPromptAt = new Map<string, EpochMs>();

  const refusalOf = (chat: Chat): number | null => {
    const isOptedOut = !chat.isGroup && chat.others.some(({ handle }) => world.optedOut.has(handle));
    if (chat.own.status !== 'active') return 2013;
    if (isOptedOut && behaviour.refuseOptedOut) return 2024;
    return world.lines.get(chat.line)?.card == null ? 2012 : null;
  };
  const effectOf = (chat: Chat, at: EpochMs): ShareEffect => {
    if (chat.service !== 'iMessage') return 'not_imessage';
    if (!chat.messages.some(isOutbound)) return 'no_outbound';
    if (world.lines.get(chat.line)?.card?.isActive !== true) return 'card_inactive';
    const promptedAt = lastPromptAt.get(chat.chatId);
    return promptedAt !== undefined && at - promptedAt < behaviour.suppressionMs ? 'suppressed' : 'prompt';
  };

  return {
    calls,
    callsOf: (chatId) => byChat.get(chatId) ?? [],
    arrive(chatId, traceId) {
      const call: ShareCall = {
        chatId,
        line: world.chats.get(chatId)?.line ?? null,
        traceId,
        arrivedAt: clock.now(),
        arrivedMonotonicMs: clock.monotonic(),
        answeredMonotonicMs: null,
        status: null,
        code: null,
        effect: 'refused',
      };
      calls.push(call);
      const ofChat = byChat.get(chatId);
      if (ofChat === undefined) byChat.set(chatId, [call]);
      else ofChat.push(call);
      onChange();
      return call;
    },
    perform(call) {
      const chat = world.chats.get(call.chatId);
      if (chat === undefined) throw new LinqError(2001);
      const refusal = refusalOf(chat);
      if (refusal !== null) throw new LinqError(refusal);
      call.effect = effectOf(chat, call.arrivedAt);
      if (call.effect === 'prompt') lastPromptAt.set(chat.chatId, call.arrivedAt);
      onShared(chat.chatId);
    },
    answer(call, status, code) {
      call.answeredMonotonicMs = clock.monotonic();
      call.status = status;
      call.code = code;
      onChange();
    },
  };
}
