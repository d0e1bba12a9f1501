import type { ChatEvent } from '../../src/decide/event.ts';
import type { StandingHold } from '../../src/decide/holds.ts';
import type { LinqAnswer } from '../../src/decide/outcome.ts';
import type { Policy } from '../../src/decide/policy.ts';
import { DAY, HOUR, MINUTE, SECOND } from '../../src/decide/time.ts';
import { answerOf, inboundOf, outboundOf, T } from '../../test/helpers/builders.ts';

/** One moment of a chat's story, in words and as what the rules see. */
export interface Moment {
  readonly afterMs: number;
  readonly happens: string;
  readonly event?: ChatEvent;
  /** What Linq answers to the share call made now. */
  readonly answer?: LinqAnswer;
  /** What closes the account or the line from now on; null: nothing any more. */
  readonly hold?: StandingHold | null;
}

export interface Story {
  readonly title: string;
  readonly policy?: Partial<Policy>;
  readonly moments: readonly Moment[];
}

const at = (afterMs: number) => T + afterMs;
const sent = (
  afterMs: number,
  happens = 'You send a message over iMessage.',
  service = 'iMessage',
): Moment => ({
  afterMs,
  happens,
  event: outboundOf(at(afterMs), { service }),
});
const heard = (afterMs: number, happens: string, isOptOut = false): Moment => ({
  afterMs,
  happens,
  event: inboundOf(at(afterMs), { isOptOut }),
});
const answered = (afterMs: number, happens: string, answer: LinqAnswer): Moment => ({
  afterMs,
  happens,
  answer,
});
const shared = (afterMs: number, happens = 'The service makes the share call; Linq answers 204.'): Moment =>
  answered(afterMs, happens, answerOf(204));
const later = (afterMs: number, happens: string): Moment => ({ afterMs, happens });

/** The examples of docs/deciding.md; the rules decide each. */
export const STORIES: readonly Story[] = [
  {
    title: 'An ordinary day',
    moments: [
      heard(-MINUTE, 'Someone writes to your line first.'),
      sent(0),
      shared(SECOND),
      sent(18 * HOUR, 'You send another message.'),
      later(DAY + SECOND, 'The window ends.'),
      shared(DAY + 2 * SECOND),
    ],
  },
  {
    title: 'Someone opts out, and comes back',
    moments: [
      sent(0),
      shared(SECOND),
      heard(2 * HOUR, 'They write STOP.', true),
      later(2 * DAY, 'Two days pass. No call was made.'),
      heard(3 * DAY, 'They write again, not an opt-out word.'),
    ],
  },
  {
    title: 'A chat that falls back to SMS',
    moments: [
      sent(0),
      shared(SECOND),
      sent(20 * HOUR, 'Your next message goes out over SMS.', 'SMS'),
      later(DAY + HOUR, 'The window has ended, but the latest message was an SMS.'),
      sent(2 * DAY, 'The next message goes over iMessage again.'),
    ],
  },
  {
    title: 'A chat that has gone quiet',
    moments: [
      sent(0),
      shared(SECOND),
      shared(6 * DAY + 7 * SECOND, 'It is shared again at the end of each window; this is the last time.'),
      later(7 * DAY + 8 * SECOND, 'You have sent nothing for RESHARE_IDLE_AFTER (7 days).'),
      sent(9 * DAY),
    ],
  },
  {
    title: 'With RESHARE_POLICY=active',
    policy: { reshare: 'active' },
    moments: [
      sent(0),
      shared(SECOND),
      later(DAY + SECOND, 'The window ends; you have sent nothing since the share.'),
      sent(DAY + 3 * HOUR),
    ],
  },
  {
    title: 'A call that fails',
    moments: [
      sent(0),
      answered(
        SECOND,
        'Linq answers 500. The service retries after a second, then two, four … 15 minutes.',
        answerOf(500, 3006),
      ),
      answered(3 * SECOND, 'The second try: no answer within 15 s.', {
        kind: 'unanswered',
        mayHaveArrived: true,
        cause: 'timeout',
      }),
      shared(7 * SECOND),
    ],
  },
  {
    title: 'A chat that no longer exists',
    moments: [
      sent(0),
      answered(SECOND, 'Linq answers 404 with code 2001: no such chat.', answerOf(404, 2001)),
      sent(
        HOUR,
        'You send another message in it all the same. The chat gets one more chance, a window after the refusal.',
      ),
      later(DAY + SECOND, 'A window has passed since the refusal.'),
    ],
  },
  {
    title: 'A line without a card',
    moments: [
      { ...sent(0), hold: { reason: 'card_missing', since: at(0), until: null } },
      { afterMs: HOUR, happens: 'You create the card, and Linq activates it.', hold: null },
    ],
  },
];
