import { Type } from 'typebox';
import { answer, ErrorSchema, emptyAnswer } from '../http/answers.ts';

const REPEATED = 'Linq sends it again.';
const NOT_REPEATED = 'Linq does not send it again.';

/** What is told of the route; the answers are sent in these shapes. */
export const DELIVERY_SCHEMA = {
  operationId: 'receiveDelivery',
  summary: 'Take in a delivery of Linq',
  description:
    'Set this address as the `target_url` of your webhook subscription. Bodies are verified as bytes before anything is read, so a proxy must pass them on unchanged.',
  tags: ['Webhooks'],
  security: [{ webhookSignature: [] }],
  response: {
    202: emptyAnswer('The signature is right, but this version can’t read or store it: it is in quarantine.'),
    204: emptyAnswer('It is in the database, durably, or there is nothing in it that matters here.'),
    401: answer(
      `\`SIGNATURE_MISSING\`, \`SIGNATURE_MALFORMED\`, \`SIGNATURE_MISMATCH\` or \`SIGNATURE_STALE\`. ${NOT_REPEATED}`,
      ErrorSchema,
    ),
    413: answer(`Larger than 1 MiB. ${NOT_REPEATED}`, ErrorSchema),
    415: answer(`Not \`application/json\`, or with a \`Content-Encoding\`. ${NOT_REPEATED}`, ErrorSchema),
    429: answer(
      `The address keeps failing verification (\`TOO_MANY_FAILURES\`), or sends more than WEBHOOK_RATE_LIMIT (\`RATE_LIMITED\`). ${REPEATED}`,
      ErrorSchema,
    ),
    503: answer(
      `It can’t be stored now, there is too much at once, the service is shutting down, or its clock is wrong. ${REPEATED}`,
      ErrorSchema,
    ),
  },
};

/** What the route takes, told but not checked: bodies arrive as bytes, and the verifier reads the headers itself. */
export const DELIVERY_REQUEST = {
  headers: Type.Object({
    'webhook-id': Type.String({
      description: 'Standard Webhooks: the delivery’s id, the same when repeated.',
    }),
    'webhook-timestamp': Type.String({
      description: 'When it was signed, in Unix seconds; at most WEBHOOK_TOLERANCE from now.',
      examples: ['1793722805'],
    }),
  }),
  querystring: Type.Object({
    version: Type.Optional(
      Type.String({
        description:
          'Of the payload, as the subscription’s `target_url` has it. Both known versions are always read.',
        examples: ['2026-02-03'],
      }),
    ),
  }),
  body: Type.Object(
    {
      event_type: Type.String({ examples: ['message.sent'] }),
      event_id: Type.String(),
      created_at: Type.String({ format: 'date-time' }),
      data: Type.Object({}),
    },
    {
      title: 'Delivery',
      description: 'An event as Linq sends it; see Linq’s documentation for all of its fields.',
    },
  ),
};
