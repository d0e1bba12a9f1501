import { Type } from 'typebox';
import { EVENT_TYPES } from './event-types.ts';
import { STRICT } from './schema.ts';

/** Bodies of the control routes, as `GET /_sim` tells them. */
const opt = Type.Optional;
const text = (description: string) => Type.String({ minLength: 1, description });

const SERVICES = Type.Enum(['iMessage', 'SMS', 'RCS']);
const service = (description: string) => Type.Union([SERVICES, Type.Null()], { description });
const instant = Type.String({
  minLength: 1,
  title: 'a time in ISO 8601',
  description: 'when; now unless given',
});
const parts = Type.Union([Type.Array(Type.Unknown()), Type.Null(), Type.Literal('absent')], {
  description: 'what the message consists of, in place of its text; any part, null, or left out',
});
const card = Type.Enum(['active', 'inactive', 'none'], { default: 'active' });

export const NewLine = Type.Object({ number: text('E.164'), card: opt(card) }, STRICT);
export const CardChange = Type.Object(
  {
    card: opt(Type.Enum(['active', 'inactive', 'none'], { description: 'stays as it is unless given' })),
    announce: opt(
      Type.Boolean({ default: false, description: 'emit contact_card.created, updated or deleted' }),
    ),
    upstreamLimitMs: opt(
      Type.Number({
        minimum: 0,
        description:
          'what Linq writes to is limited for so long: writes end in 503/4004 and start the time anew, a PATCH leaves the card inactive',
      }),
    ),
  },
  STRICT,
);
export const StatusChange = Type.Object(
  {
    status: Type.Enum(['ACTIVE', 'FLAGGED']),
    reputation: opt(
      Type.Enum(['HEALTHY', 'AT_RISK', 'CRITICAL'], { description: 'stays as it is unless given' }),
    ),
  },
  STRICT,
);

export const NewChat = Type.Object(
  {
    line: text('our number, one of the lines'),
    chatId: opt(text('a new UUID unless given')),
    service: opt(service('null: Linq doesn’t say; iMessage unless given')),
    isGroup: opt(Type.Boolean({ default: false })),
    handle: opt(text('the other person, E.164 or e-mail; a new invented number unless given')),
    displayName: opt(Type.Union([Type.String(), Type.Null()])),
    announce: opt(Type.Boolean({ default: true, description: 'emit chat.created' })),
  },
  STRICT,
);
export const ChatChange = Type.Object(
  {
    service: opt(service('null: Linq doesn’t say')),
    health: opt(text('HEALTHY, AT_RISK, CRITICAL, OPTED_OUT or any other word')),
  },
  STRICT,
);

export const Sent = Type.Object(
  {
    text: opt(text('what was written')),
    parts: opt(parts),
    at: opt(instant),
    service: opt(service('that of the chat unless given')),
    delivered: opt(Type.Boolean({ default: false, description: 'emit message.delivered, too' })),
    read: opt(Type.Boolean({ default: false, description: 'emit message.delivered and message.read, too' })),
  },
  STRICT,
);
export const Received = Type.Object(
  {
    text: text('what was written; STOP opts the person out'),
    parts: opt(parts),
    at: opt(instant),
    service: opt(service('that of the chat unless given')),
    handle: opt(text('who wrote, in a group; the first of the others unless given')),
  },
  STRICT,
);
export const Failure = Type.Object(
  { code: opt(Type.Integer({ default: 4001 })), text: opt(text('what was written')) },
  STRICT,
);

export const NewSubscription = Type.Object(
  {
    targetUrl: text('https, or http on loopback; ?version=2025-01-01 picks the older payloads'),
    signingSecret: opt(text('whsec_ and base64; a new one unless given')),
    events: opt(
      Type.Array(Type.Enum([...EVENT_TYPES]), {
        title: 'a list of event types',
        description: 'all that the account has unless given',
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
export const Told = Type.Object(
  {
    type: Type.Enum([...EVENT_TYPES], { title: 'an event type' }),
    chatId: opt(text('the chat that it is about')),
    line: opt(text('the line that it is about; that of the chat unless given')),
    payload: opt(
      Type.Record(Type.String(), Type.Unknown(), {
        title: 'an object',
        description: 'laid over what is sent, field by field',
      }),
    ),
    without: opt(Type.Array(text(''), { description: 'fields that are left out, as paths: data.parts' })),
  },
  STRICT,
);
/** Whatever a body may be: it is sent as it is. */
export const Delivery = Type.Object({});
