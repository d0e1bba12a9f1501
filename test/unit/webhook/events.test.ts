import { expect, it } from 'vitest';
import { dispositionOf } from '../../../src/webhook/events.ts';

it.each([
  'message.sent',
  'message.delivered',
  'message.read',
  'message.received',
  'message.edited',
  'chat.created',
  'participant.added',
  'participant.removed',
  'phone_number.status_updated',
])('%s is read', (type) => expect(dispositionOf(type)).toHaveProperty('read'));

it.each([
  ['message.failed', /no outbound evidence/],
  ['reaction.removed', /reaction/],
  ['chat.typing_indicator.stopped', /typing/],
  ['chat.background_update_failed', /name, icon or background/],
  ['call.no_answer', /call/],
  ['location.sharing.started', /location/],
  ['poll.vote.added', /poll/],
  ['payment.authorized', /payment/],
  ['contact_card.received', /no acknowledgement/],
  ['webhook_subscription.disabled', /account/],
  ['message.opt_out', /does not know/],
  ['hasOwnProperty', /does not know/],
])('%s is ignored, and why', (type, why) =>
  expect(dispositionOf(type)).toEqual({ ignore: expect.stringMatching(why) }),
);
