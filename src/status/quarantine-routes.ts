import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type { FastifyInstance } from 'fastify';
import { Type } from 'typebox';
import { badParameter, type Refusal, refuse } from './answers.ts';
import type { StatusDeps } from './deps.ts';
import { ErrorSchema, QuarantineSchema, ReplaySchema } from './schemas.ts';
import { isoTime } from './wording.ts';

const ReplayQuery = Type.Object({ eventId: Type.Optional(Type.String()) });

/** `GET /status/quarantine` and `POST /status/quarantine/replay`: what couldn't be read, and reading it after all. */
export function quarantineRoutes(plain: FastifyInstance, { quarantine }: StatusDeps): void {
  const app = plain.withTypeProvider<TypeBoxTypeProvider>();
  app.get(
    '/status/quarantine',
    { schema: { response: { 200: QuarantineSchema, '4xx': ErrorSchema } } },
    async () => ({
      rows: (await quarantine.list()).map(({ eventId, eventType, receivedAt, cause, replayable }) => ({
        eventId,
        type: eventType,
        receivedAt: isoTime(receivedAt),
        cause,
        replayable,
      })),
    }),
  );
  app.post(
    '/status/quarantine/replay',
    { schema: { querystring: ReplayQuery, response: { 200: ReplaySchema, '4xx': ErrorSchema } } },
    async ({ query }, reply) => {
      const unknown = Object.keys(query).find((name) => name !== 'eventId');
      // a misspelt one would replay everything
      if (unknown !== undefined)
        return refuse(reply, badParameter(`Unknown parameter "${unknown.slice(0, 40)}".`));
      const { eventId = null } = query;
      return (await quarantine.replay(eventId)) ?? refuse(reply, EVENT_NOT_FOUND);
    },
  );
}

const EVENT_NOT_FOUND: Refusal = {
  statusCode: 404,
  code: 'EVENT_NOT_FOUND',
  message: 'There is no such delivery in quarantine; GET /status/quarantine lists those that are there.',
};
