import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type { FastifyInstance } from 'fastify';
import { Type } from 'typebox';
import { answer, badParameter, ErrorSchema, type Refusal, refuse } from '../../http/answers.ts';
import { QuarantineSchema, ReplaySchema } from '../view/schemas.ts';
import { isoTime } from '../view/wording.ts';
import type { StatusDeps } from './deps.ts';
import { changeAnswers, lookAnswers, TOKEN_SECURITY } from './route-schema.ts';

const ReplayQuery = Type.Object({
  eventId: Type.Optional(Type.String({ description: 'Only this one; without it, all of them.' })),
});

const LIST_SCHEMA = {
  operationId: 'listQuarantine',
  summary: 'List deliveries in quarantine',
  description:
    'Authentic deliveries that this version can’t read or store, at most 1,000, for 7 days. Their contents are encrypted and not shown.',
  tags: ['Quarantine'],
  security: TOKEN_SECURITY,
  response: lookAnswers({ 200: QuarantineSchema }),
};

const REPLAY_SCHEMA = {
  operationId: 'replayQuarantine',
  summary: 'Accept what can be read now',
  tags: ['Quarantine'],
  security: TOKEN_SECURITY,
  querystring: ReplayQuery,
  response: changeAnswers({
    200: ReplaySchema,
    400: answer('`BAD_PARAMETER`: there is no such parameter, or it is given twice.', ErrorSchema),
    404: answer('`EVENT_NOT_FOUND`: there is no such delivery in quarantine.', ErrorSchema),
  }),
};

/** `GET /status/quarantine` and `POST /status/quarantine/replay`: lists unreadable events and retries them. */
export function quarantineRoutes(plain: FastifyInstance, { quarantine }: StatusDeps): void {
  const app = plain.withTypeProvider<TypeBoxTypeProvider>();
  app.get('/status/quarantine', { schema: LIST_SCHEMA }, async () => ({
    rows: (await quarantine.list()).map(({ eventId, eventType, receivedAt, cause, replayable }) => ({
      eventId,
      type: eventType,
      receivedAt: isoTime(receivedAt),
      cause,
      replayable,
    })),
  }));
  app.post('/status/quarantine/replay', { schema: REPLAY_SCHEMA }, async ({ query }, reply) => {
    const unknown = Object.keys(query).find((name) => name !== 'eventId');
    // a misspelled parameter would replay everything
    if (unknown !== undefined)
      return refuse(reply, badParameter(`Unknown parameter "${unknown.slice(0, 40)}".`));
    const { eventId = null } = query;
    return (await quarantine.replay(eventId)) ?? refuse(reply, EVENT_NOT_FOUND);
  });
}

const EVENT_NOT_FOUND: Refusal = {
  statusCode: 404,
  code: 'EVENT_NOT_FOUND',
  message: 'No such delivery in quarantine. Try `quarantine list`, or GET /status/quarantine.',
};
