/** Names of one family. */
const of = (family: string, ...names: string[]) => names.map((name) => `${family}.${name}`);

/** The types of the official SDK 0.28.2. */
const FIRST: readonly string[] = [
  ...of('message', 'sent', 'received', 'read', 'delivered', 'failed', 'edited'),
  ...of('reaction', 'added', 'removed'),
  ...of('participant', 'added', 'removed'),
  ...of('chat', 'created', 'group_name_updated', 'group_icon_updated'),
  ...of('chat', 'group_name_update_failed', 'group_icon_update_failed'),
  ...of('chat.typing_indicator', 'started', 'stopped'),
  'phone_number.status_updated',
  ...of('call', 'initiated', 'ringing', 'answered', 'ended', 'failed', 'declined', 'no_answer'),
  ...of('location.sharing', 'started', 'stopped'),
];
/** Those that were there by August 2026. */
const SECOND: readonly string[] = [
  ...of('poll', 'received', 'failed', 'sent', 'delivered', 'read', 'updated'),
  ...of('poll', 'vote.added', 'vote.removed', 'reaction.added'),
  ...of('chat', 'background_updated', 'background_update_failed'),
  ...of('payment', 'succeeded', 'canceled', 'expired', 'declined', 'authorized'),
  ...of('connection', 'created', 'revoked'),
];
/** What happens to the account itself; these have a shape of their own. */
const ACCOUNT: readonly string[] = [
  ...of('contact_card', 'created', 'updated', 'deleted'),
  ...of('phone_number', 'assigned', 'released', 'forwarding_updated'),
  ...of('webhook_subscription', 'created', 'deleted', 'enabled', 'disabled', 'target_url_changed'),
  ...of('webhook_subscription', 'events.updated', 'phone_numbers.updated'),
  ...of('webhook_subscription', 'routing_headers_set', 'routing_headers_cleared'),
  ...of('environment', 'line_moved', 'created', 'renamed', 'deleted'),
  ...of('api_token', 'created', 'renamed', 'expiry_scheduled', 'expired', 'activated', 'deleted'),
  ...of('team_member', 'added', 'signed_in', 'signed_out'),
  'zero_day_retention.updated',
];

/** All types that Linq's webhooks have had names for, as of September 2026. */
export const EVENT_TYPES: readonly string[] = [...FIRST, ...SECOND, 'contact_card.received', ...ACCOUNT];

/** The types that an account knows: accounts get new ones at different times. */
export const CATALOGUES = {
  27: FIRST,
  45: [...FIRST, ...SECOND],
  75: EVENT_TYPES,
} as const;

export const isAccountEvent = (eventType: string): boolean => ACCOUNT.includes(eventType);
