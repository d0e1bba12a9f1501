import { createHash } from 'node:crypto';
import swagger from '@fastify/swagger';
import type { FastifyInstance } from 'fastify';
import { Type } from 'typebox';
import { NO_SECURITY } from './route-schema.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The route's input, where it is documented but not validated by the framework. */
    describedRequest?: Pick<FastifySchema, 'headers' | 'querystring' | 'body'>;
  }
}

type Json = Readonly<Record<string, unknown>>;

const ABOUT = `Monitor and control contact-card-reactor.

Times are ISO 8601 in UTC, absent values \`null\`. Every error has the shape of \`Error\`: \`code\` is for programs,
\`message\` for people. Fields may be added in later versions; none is changed or removed. Numbers are shown as
\`+1•••••0100\` unless SHOW_NUMBERS is true. Every GET route also answers HEAD.`;

const TAGS = [
  { name: 'Health', description: 'Whether it runs. Needs no token; says nothing about chats.' },
  { name: 'Status', description: 'What is happening, and what is wrong.' },
  {
    name: 'Chats',
    description: 'Which chats got the card, which didn’t, and why; holding, releasing and sharing by hand.',
  },
  { name: 'Steering', description: 'Stopping and resuming, ending a line’s hold, catching up.' },
  { name: 'Quarantine', description: 'Authentic deliveries that couldn’t be read.' },
  { name: 'Webhooks', description: 'Where Linq delivers events.' },
  { name: 'Description', description: 'This document.' },
];

const SECURITY_SCHEMES = {
  bearer: { type: 'http', scheme: 'bearer', description: 'STATUS_TOKEN.' },
  basic: { type: 'http', scheme: 'basic', description: 'Any user name; STATUS_TOKEN is the password.' },
  webhookSignature: {
    type: 'apiKey',
    in: 'header',
    name: 'webhook-signature',
    description:
      'Standard Webhooks: `v1,` and the base64 HMAC-SHA256 of `{webhook-id}.{webhook-timestamp}.{body}` under the subscription’s signing secret; several are separated by spaces.',
  },
} as const;

/**
 * Collects what the routes declare and serves it at `GET /openapi.json`. Register it before the routes.
 * Routes without a tag are left out.
 */
export async function describeRoutes(app: FastifyInstance, version: string): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'contact-card-reactor',
        version,
        description: ABOUT,
        license: { name: 'MIT', identifier: 'MIT' },
      },
      servers: [{ url: 'http://127.0.0.1:8080', description: 'The default address.' }],
      tags: TAGS,
      components: { securitySchemes: SECURITY_SCHEMES },
    },
    hideUntagged: true,
    transform: ({ schema, url, route }) => ({
      schema: { ...schema, ...route.config?.describedRequest },
      url,
    }),
    transformObject: (document) => ('openapiObject' in document ? tidy(document.openapiObject as Json) : {}),
  });
  serveDocument(app);
}

/** The document doesn't change while the program runs, so clients may cache and revalidate it. */
function serveDocument(app: FastifyInstance): void {
  let served: { readonly text: string; readonly etag: string } | null = null;
  const schema = {
    operationId: 'getDescription',
    summary: 'Read this description',
    tags: ['Description'],
    security: NO_SECURITY,
    response: {
      200: Type.Object(
        {},
        { additionalProperties: true, 'x-response-description': 'This document, OpenAPI 3.1.' },
      ),
      304: { type: 'null', 'x-response-description': 'Unchanged since the version in `If-None-Match`.' },
    },
  };
  app.get('/openapi.json', { schema }, async (request, reply) => {
    served ??= print(app.swagger());
    reply.header('etag', served.etag).header('cache-control', 'public, max-age=300');
    if (request.headers['if-none-match'] === served.etag) return reply.code(304).send();
    return reply.type('application/json; charset=utf-8').send(served.text);
  });
}

function print(document: object) {
  const text = JSON.stringify(document);
  return { text, etag: `"${createHash('sha256').update(text).digest('base64url').slice(0, 27)}"` };
}

/** Turns named schemas into components, makes parameters with a default optional, and sorts the paths. */
function tidy(document: Json): Json {
  const schemas = new Map<string, Json>();
  const paths = hoist(document.paths, schemas) as Record<string, Record<string, Json>>;
  for (const operation of Object.values(paths).flatMap((path) => Object.values(path))) {
    for (const parameter of (operation.parameters ?? []) as Record<string, Json>[]) {
      if (parameter.schema?.default !== undefined) Object.assign(parameter, { required: false });
    }
  }
  const components = { ...(document.components as Json), schemas: sorted(Object.fromEntries(schemas)) };
  return { ...document, components, paths: sorted(paths) };
}

/** Replaces every titled schema with a reference and records it under its title. */
function hoist(value: unknown, schemas: Map<string, Json>): unknown {
  if (Array.isArray(value)) return value.map((one) => hoist(one, schemas));
  if (value === null || typeof value !== 'object') return value;
  const { title, ...rest } = Object.fromEntries(
    Object.entries(value).map(([key, one]) => [key, hoist(one, schemas)]),
  );
  if (typeof title !== 'string') return title === undefined ? rest : { title, ...rest };
  const known = schemas.get(title);
  if (known !== undefined && JSON.stringify(known) !== JSON.stringify(rest)) {
    throw new Error(`two different schemas have the name ${title}`);
  }
  schemas.set(title, rest);
  return { $ref: `#/components/schemas/${title}` };
}

const sorted = <T>(entries: Readonly<Record<string, T>>): Record<string, T> =>
  Object.fromEntries(Object.entries(entries).sort(([a], [b]) => (a < b ? -1 : 1)));
