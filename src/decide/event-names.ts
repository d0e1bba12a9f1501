/** Without it nobody would tell us of new chats. */
export const VITAL_EVENT = 'message.sent';

/** What the service lives on, and what Linq's dashboards of failed messages want beside. */
export const CORE_EVENTS: readonly string[] = [
  VITAL_EVENT,
  ...['delivered', 'read', 'failed', 'received'].map((what) => `message.${what}`),
  ...['chat.created', 'participant.added', 'participant.removed', 'phone_number.status_updated'],
];

/** They show a changed card at once instead of within CARD_TTL. Older accounts lack them, and do without. */
export const CARD_EVENTS: readonly string[] = ['created', 'updated', 'deleted'].map(
  (what) => `contact_card.${what}`,
);
