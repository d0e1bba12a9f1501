import { expect, it } from 'vitest';
import { dispositionOf, KNOWN_EVENT_TYPES } from '../../../src/webhook/parse.ts';

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
  'contact_card.created',
  'contact_card.updated',
  'contact_card.deleted',
])('%s is read', (type) => expect(dispositionOf(type)).toHaveProperty('read'));

it.each([
  ['message.failed', /doesn’t count as sent/],
  ['reaction.removed', /reaction/],
  ['chat.typing_indicator.stopped', /typing/],
  ['chat.background_update_failed', /name, icon or background/],
  ['call.no_answer', /call/],
  ['location.sharing.started', /location/],
  ['poll.vote.added', /poll/],
  ['payment.authorized', /payment/],
  ['environment.line_moved', /account/],
  ['api_token.expired', /account/],
  ['webhook_subscription.routing_headers_cleared', /account/],
  ['contact_card.received', /doesn’t acknowledge/],
  ['webhook_subscription.disabled', /account/],
  ['message.opt_out', /does not know/],
  ['hasOwnProperty', /does not know/],
])('%s is ignored, and why', (type, why) =>
  expect(dispositionOf(type)).toEqual({ ignore: expect.stringMatching(why) }),
);

/** Linq's catalogue of August 2026. */
const CATALOGUE = [
  ...of('message', 'sent received read delivered failed edited'),
  ...of('reaction', 'added removed'),
  ...of('participant', 'added removed'),
  ...of('chat', 'created group_name_updated group_icon_updated group_name_update_failed'),
  ...of('chat', 'group_icon_update_failed background_updated background_update_failed'),
  ...of('chat.typing_indicator', 'started stopped'),
  ...of('call', 'initiated ringing answered ended failed declined no_answer'),
  ...of('location.sharing', 'started stopped'),
  ...of('poll', 'received failed sent delivered read updated vote.added vote.removed reaction.added'),
  ...of('payment', 'succeeded canceled expired declined authorized'),
  ...of('connection', 'created revoked'),
  ...of('contact_card', 'received created updated deleted'),
  ...of('phone_number', 'status_updated assigned released forwarding_updated'),
  ...of('webhook_subscription', 'created deleted enabled disabled target_url_changed events.updated'),
  ...of('webhook_subscription', 'phone_numbers.updated routing_headers_set routing_headers_cleared'),
  ...of('environment', 'line_moved created renamed deleted'),
  ...of('api_token', 'created renamed expiry_scheduled expired activated deleted'),
  ...of('team_member', 'added signed_in signed_out'),
  ...of('zero_day_retention', 'updated'),
];

function of(topic: string, names: string): string[] {
  return names.split(' ').map((name) => `${topic}.${name}`);
}

it('the types with a disposition are those of the catalogue', () => {
  expect([...KNOWN_EVENT_TYPES].sort()).toEqual([...CATALOGUE].sort());
});
