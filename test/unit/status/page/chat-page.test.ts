import { describe, expect, it } from 'vitest';
import { type ChatRecord, newChat } from '../../../../src/decide/chat.ts';
import { HOUR, MINUTE } from '../../../../src/decide/time.ts';
import { timeline } from '../../../../src/status/page/chat-page.ts';
import type { Attempt } from '../../../../src/store/turn.ts';
import { T } from '../../../helpers/builders.ts';

const NOW = T + 10 * HOUR;

function attemptOf(attempt: Partial<Attempt>): Attempt {
  const base = {
    attemptId: 'a',
    chatId: 'chat-1',
    trigger: 'manual',
    startedAt: T,
    endedAt: T + 400,
  } as const;
  return { ...base, outcome: 'shared', httpStatus: 204, linqCode: null, traceId: null, ...attempt };
}

/** The entries, a line each, without their exact time. */
function entriesOf(
  chat: Partial<ChatRecord>,
  attempts: readonly Attempt[] = [],
  nextAttemptAt: number | null = null,
) {
  const markup = timeline({
    chat: { ...newChat('chat-1'), ...chat },
    attempts,
    nextAttemptAt,
    now: NOW,
  }).toString();
  return [...markup.matchAll(/<li[^>]*>(.*?)<\/li>/gs)].map(([, entry]) =>
    (entry ?? '')
      .replace(/<time class="exact".*?<\/time>/, '')
      .replace(/<[^>]+>/g, ' ')
      .replace(/\s+/g, ' ')
      .trim(),
  );
}

describe('a chat’s timeline', () => {
  it('tells what Linq answered: status, the code’s meaning, how long it took, the trace', () => {
    const refused = attemptOf({ outcome: 'rejected', httpStatus: 403, linqCode: 2024, traceId: 'abc' });
    expect(entriesOf({}, [refused])).toEqual([
      'Refused by hand HTTP 403 · code 2024: the recipient opted out · took 400 ms trace abc 10 h ago',
    ]);
  });

  it('tells of an attempt that is under way, and of one that wasn’t called', () => {
    const open = attemptOf({ startedAt: NOW, endedAt: null, outcome: null, httpStatus: null });
    const pretended = attemptOf({ startedAt: T, outcome: 'dry_run', httpStatus: null });
    expect(entriesOf({}, [open, pretended])).toEqual([
      'In progress by hand just now',
      'Dry run by hand 10 h ago',
    ]);
  });

  it('tells every fact of the chat, newest first', () => {
    const at = (hours: number) => T + hours * HOUR;
    const chat = {
      firstOutboundAt: at(-9),
      lastOutboundAt: at(-8),
      lastInboundAt: at(-1),
      optOutWordAt: at(-7),
      optedInAt: at(-6),
      health: 'AT_RISK',
      healthAt: at(-5),
      leftAt: at(-4),
      joinedAt: at(-3),
      operatorHeldAt: at(0),
      parkedAt: at(1),
      blockedAt: at(2),
      retiredAt: at(3),
      retiredReason: 'chat_gone',
      restoredAt: at(4),
      lastSharedAt: at(5),
    } as const;
    expect(entriesOf(chat, [], NOW + HOUR).map((entry) => entry.replace(/ (in )?\d+ h( ago)?$/, ''))).toEqual(
      [
        'Next attempt',
        'Last shared The attempt is no longer on record.',
        'The database was restored from a backup',
        'Linq said that the chat doesn’t exist or isn’t this account’s',
        'Linq said that the recipient is on the block list',
        'Set aside after the service went down during attempts',
        'Held by an operator',
        'Latest message from the other side',
        'Your line was added to the chat',
        'Your line left the chat',
        'Linq rated the chat AT_RISK',
        'The recipient wrote again, which ends the opt-out',
        'The recipient opted out by a message',
        'Latest message from your line',
        'First message from your line',
      ],
    );
  });

  it('says one thing once: a share on record, an only message', () => {
    const chat = { firstOutboundAt: T, lastOutboundAt: T, lastSharedAt: T + 400 };
    expect(entriesOf(chat, [attemptOf({})])).toHaveLength(2);
  });

  it('never puts into the future what has happened', () => {
    expect(entriesOf({ firstOutboundAt: NOW + MINUTE, lastOutboundAt: NOW + MINUTE })).toEqual([
      'First message from your line just now',
    ]);
  });

  it('keeps what is older out of sight until asked for', () => {
    const attempts = Array.from({ length: 40 }, (_, index) => attemptOf({ startedAt: NOW - index * MINUTE }));
    const markup = timeline({ chat: newChat('c'), attempts, nextAttemptAt: null, now: NOW }).toString();
    expect(markup.split('<details')[0]?.match(/<li/g)).toHaveLength(15);
    expect(markup).toContain('25 earlier entries');
    expect(
      timeline({ chat: newChat('c'), attempts: [], nextAttemptAt: null, now: NOW }).toString(),
    ).toContain('Only the id of this chat is known');
  });
});
