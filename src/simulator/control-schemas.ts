import { Type } from 'typebox';

/** Bodies of the control routes; an unknown field is refused, so that a typing error doesn't pass for success. */
const strict = { additionalProperties: false };
const text = Type.String({ minLength: 1 });
const rate = Type.Number({ minimum: 0, maximum: 1 });
const duration = Type.Number({ minimum: 0 });
const literals = <T extends string>(...values: T[]) => Type.Union(values.map((value) => Type.Literal(value)));
const opt = Type.Optional;

const service = Type.Union([literals('iMessage', 'SMS', 'RCS'), Type.Null()]);
const card = literals('active', 'inactive', 'none');
const reputation = literals('HEALTHY', 'AT_RISK', 'CRITICAL');
const routeName = literals(
  'share',
  'contact_card',
  'chats',
  'chat',
  'messages',
  'phone_numbers',
  'webhook_subscriptions',
  'webhook_events',
  '*',
);

export const newLine = Type.Object({ number: text, card: opt(card) }, strict);
export const cardChange = Type.Object({ card }, strict);
export const statusChange = Type.Object(
  { status: literals('ACTIVE', 'FLAGGED'), reputation: opt(reputation) },
  strict,
);

export const newChat = Type.Object(
  {
    line: text,
    chatId: opt(text),
    service: opt(service),
    isGroup: opt(Type.Boolean()),
    handle: opt(text),
    displayName: opt(Type.Union([Type.String(), Type.Null()])),
    announce: opt(Type.Boolean()),
  },
  strict,
);
export const chatChange = Type.Object({ service: opt(service), health: opt(text) }, strict);

export const sent = Type.Object(
  {
    text: opt(text),
    at: opt(text),
    service: opt(service),
    delivered: opt(Type.Boolean()),
    read: opt(Type.Boolean()),
  },
  strict,
);
export const received = Type.Object(
  { text, at: opt(text), service: opt(service), handle: opt(text) },
  strict,
);
export const failure = Type.Object({ code: opt(Type.Integer()), text: opt(text) }, strict);

export const newSubscription = Type.Object(
  {
    targetUrl: text,
    signingSecret: opt(text),
    events: opt(Type.Array(text)),
    lines: opt(Type.Array(text)),
  },
  strict,
);
export const delivery = Type.Object({});

/** A `Fault`. */
export const fault = Type.Object(
  {
    route: opt(routeName),
    method: opt(literals('GET', 'POST', 'PUT', 'PATCH', 'DELETE')),
    chatId: opt(text),
    line: opt(text),
    times: opt(Type.Integer({ minimum: 1 })),
    status: opt(Type.Integer({ minimum: 200, maximum: 599 })),
    code: opt(Type.Integer()),
    message: opt(Type.String()),
    retryAfter: opt(Type.Union([Type.Number(), Type.String()])),
    html: opt(Type.Boolean()),
    drop: opt(literals('before', 'after')),
    hang: opt(Type.Boolean()),
    latencyMs: opt(duration),
    dateSkewMs: opt(Type.Number()),
  },
  strict,
);

/** Part of `Behaviour`. */
export const behaviour = Type.Object(
  {
    refuseOptedOut: opt(Type.Boolean()),
    messagePerShare: opt(Type.Boolean()),
    suppressionMs: opt(duration),
    missingCard: opt(literals('empty', 'not_found')),
    newCard: opt(literals('active', 'inactive')),
    duplicateRate: opt(rate),
    lossRate: opt(rate),
    shuffleMs: opt(duration),
    chatOrder: opt(literals('created', 'updated', 'random')),
    shiftPages: opt(Type.Integer({ minimum: 0 })),
    renewTimestamp: opt(Type.Boolean()),
  },
  strict,
);
