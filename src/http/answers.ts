import { STATUS_CODES } from 'node:http';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type TProperties, type TSchema, Type } from 'typebox';
import { StoreError } from '../errors.ts';

/** An object schema, described once under its name and referenced by every route that answers with it. */
export function named<T extends TProperties>(title: string, description: string, fields: T) {
  return Type.Object(fields, { title, description });
}

/** The same schema as one route's answer, with that route's description. */
export function answer<S extends TSchema>(description: string, schema: S): S {
  return { ...schema, 'x-response-description': description };
}

/** An answer without a body. */
export const emptyAnswer = (description: string) => answer(description, Type.Null());

export const ERROR_FIELDS = {
  statusCode: Type.Integer({ description: 'The HTTP status, repeated.' }),
  code: Type.String({ description: 'For programs: a stable code in capitals.' }),
  error: Type.String({ description: 'The name of the HTTP status.' }),
  message: Type.String({ description: 'For people: what is wrong and what to do. The wording may change.' }),
};

/** The shape of every error. */
export const ErrorSchema = named('Error', 'Why a request was refused.', ERROR_FIELDS);

/** Why a request is refused. */
export interface Refusal {
  readonly statusCode: 400 | 401 | 403 | 404 | 409 | 429 | 503;
  readonly code: string;
  /** For a person: what is wrong and what to do. */
  readonly message: string;
}

/** Answers with a refusal; a page may render it for a browser instead. */
export type Refuse = (reply: FastifyReply, refusal: Refusal, more?: object) => FastifyReply;

/** Uses fastify's error format. @param more fields in addition to the error's own */
export function refuse(reply: FastifyReply, refusal: Refusal, more: object = {}): FastifyReply {
  const { statusCode, code, message } = refusal;
  const error = STATUS_CODES[statusCode] ?? '';
  return reply.code(statusCode).send({ statusCode, code, error, message, ...more });
}

export function chatNotFound(chatId: string): Refusal {
  const message = `Unknown chat "${chatId.slice(0, 100)}". Try \`chat list\`, or GET /status/chats.`;
  return { statusCode: 404, code: 'CHAT_NOT_FOUND', message };
}

export function badParameter(message: string): Refusal {
  return { statusCode: 400, code: 'BAD_PARAMETER', message };
}

/**
 * Bad parameters get 400 and what is allowed; a failing store gets 503, since it may recover.
 * @param refuseAs how to answer
 */
export function answerFaults(app: FastifyInstance, refuseAs: Refuse = refuse): void {
  app.setSchemaErrorFormatter((faults) => new Error(describeFault(faults[0])));
  app.setErrorHandler((error: FastifyError, request, reply) => {
    if (error.validation !== undefined) return refuseAs(reply, badParameter(error.message));
    if (error instanceof StoreError) return refuseForStore(error, request, reply, refuseAs);
    throw error;
  });
}

function refuseForStore(
  error: StoreError,
  request: FastifyRequest,
  reply: FastifyReply,
  refuseAs: Refuse,
): FastifyReply {
  request.log.error({ err: error, fault: error.fault }, 'status.store_failed');
  return refuseAs(reply, {
    statusCode: 503,
    code: 'STORE_UNAVAILABLE',
    message: `The database failed (${error.fault}); the service log says why. Try again in a few seconds.`,
  });
}

interface SchemaFault {
  readonly instancePath: string;
  readonly params: Record<string, unknown>;
}

function describeFault(fault: SchemaFault | undefined): string {
  if (fault === undefined) return 'The request has a parameter that is not allowed.';
  const name = fault.instancePath.slice(1).split('/')[0] ?? '';
  const { allowedValues } = fault.params;
  const allowed = Array.isArray(allowedValues)
    ? `must be one of ${allowedValues.join(', ')}`
    : (ALLOWED.get(name) ?? 'must be given once');
  return `"${name}" ${allowed}.`;
}

/** What is allowed for a parameter, where the schema's own words aren't enough. */
const ALLOWED: ReadonlyMap<string, string> = new Map([
  ['limit', 'must be a whole number from 1 to 200'],
  ['line', 'must be given once, as a full number (+12025550100) or as shown (+1•••••0100)'],
  ['from', 'must be a whole number from 1 to 1000000000'],
  ['cursor', 'must be the nextCursor of the previous page'],
]);
