import { Type } from 'typebox';
import { STRICT } from './body-schema.ts';
import { EVENT_TYPES } from './linq-events.ts';

/** Bodies of the control routes, as `GET /_sim` describes them. */
const opt = Type.Optional;
const text = (description: string) => Type.String({ minLength: 1, description });

const SERVICES = Type.Enum(['iMessage', 'SMS', 'RCS']);
const service = (description: string) => Type.Union([SERVICES, Type.Null()], { description });
const instant = Type.String({
  minLength: 1,
  title: 'a time in ISO 8601',
  description: 'default: now',
});
const parts = Type.Union([Type.Array(Type.Unknown()), Type.Null(), Type.Literal('absent')], {
  description: 'the parts of the message, in place of its text: of any kind, null, or left out',
});
const card = Type.Enum(['active', 'inactive', 'none'], { default: 'active' });

export const NewLine = Type.Object({ number: text('E.164'), card: opt(card) }, STRICT);
export const CardChange = Type.Object(
  {
    card: opt(Type.Enum(['active', 'inactive', 'none'], { description: 'default: unchanged' })),
    announce: opt(
      Type.Boolean({ default: false, description: 'emit contact_card.created, updated or deleted' }),
    ),
    upstreamLimitMs: opt(
      Type.Number({
        minimum: 0,
        description:
          'the upstream of card writes is rate limited for this long: writes get 503/4004 and restart the time, a PATCH leaves the card inactive',
      }),
    ),
  },
  STRICT,
);
export const StatusChange = Type.Object(
  {
    status: Type.Enum(['ACTIVE', 'FLAGGED']),
    reputation: opt(Type.Enum(['HEALTHY', 'AT_RISK', 'CRITICAL'], { description: 'default: unchanged' })),
  },
  STRICT,
);

export const NewChat = Type.Object(
  {
    line: text('our number, one of the lines'),
    chatId: opt(text('default: a new UUID')),
    service: opt(service('null where Linq doesn’t say; default: iMessage')),
    isGroup: opt(Type.Boolean({ default: false })),
    handle: opt(text('the other person, E.164 or e-mail; default: a new invented number')),
    displayName: opt(Type.Union([Type.String(), Type.Null()])),
    announce: opt(Type.Boolean({ default: true, description: 'emit chat.created' })),
  },
  STRICT,
);
export const ChatChange = Type.Object(
  {
    service: opt(service('null where Linq doesn’t say')),
    health: opt(text('HEALTHY, AT_RISK, CRITICAL, OPTED_OUT or any other word')),
  },
  STRICT,
);

export const Sent = Type.Object(
  {
    text: opt(text('the message')),
    parts: opt(parts),
    at: opt(instant),
    service: opt(service('default: that of the chat')),
    delivered: opt(Type.Boolean({ default: false, description: 'emit message.delivered, too' })),
    read: opt(Type.Boolean({ default: false, description: 'emit message.delivered and message.read, too' })),
  },
  STRICT,
);
export const Received = Type.Object(
  {
    text: text('the message; STOP opts the person out'),
    parts: opt(parts),
    at: opt(instant),
    service: opt(service('default: that of the chat')),
    handle: opt(text('who sent it, in a group; default: the first of the others')),
  },
  STRICT,
);
export const Failure = Type.Object(
  { code: opt(Type.Integer({ default: 4001 })), text: opt(text('the message')) },
  STRICT,
);

export const NewSubscription = Type.Object(
  {
    targetUrl: text('https, or http on loopback; ?version=2025-01-01 picks the older payloads'),
    signingSecret: opt(text('whsec_ and base64; default: a new one')),
    events: opt(
      Type.Array(Type.Enum([...EVENT_TYPES]), {
        title: 'a list of event types',
        description: 'default: all that the account knows',
      }),
    ),
    lines: opt(Type.Array(text(''), { description: 'only events of these lines' })),
    routing: opt(
      Type.Partial(Type.Object({ key: text(''), id: text('') }), {
        ...STRICT,
        title: 'an object of header names, {"key":…,"id":…}',
        description: 'routing_key_header and routing_id_header of the subscription',
      }),
    ),
  },
  STRICT,
);
export const AnyEvent = Type.Object(
  {
    type: Type.Enum([...EVENT_TYPES], { title: 'an event type' }),
    chatId: opt(text('the chat that it is about')),
    line: opt(text('the line that it is about; default: that of the chat')),
    payload: opt(
      Type.Record(Type.String(), Type.Unknown(), {
        title: 'an object',
        description: 'fields to set in what is sent: {"data":{"parts":null}}',
      }),
    ),
    without: opt(Type.Array(text(''), { description: 'fields to leave out, as paths: data.parts' })),
  },
  STRICT,
);
/** Any body: it is sent as is. */
export const Delivery = Type.Object({});
