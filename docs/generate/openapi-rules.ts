import { Errors, Meta } from 'typebox/schema';
import type { OpenApi, Operation } from './openapi.ts';

type Json = Readonly<Record<string, unknown>>;

const META_SCHEMA = Meta['https://json-schema.org/draft/2020-12/schema'];
const NON_EMPTY = { type: 'string', minLength: 1 };
const object = (required: readonly string[], properties: object) => ({
  type: 'object',
  required,
  properties,
  additionalProperties: false,
});
const mapOf = (value: object) => ({ type: 'object', additionalProperties: value });

const MEDIA = object(['schema'], { schema: { type: 'object' }, example: {}, examples: { type: 'object' } });
const PARAMETER = object(['name', 'in', 'required', 'description', 'schema'], {
  name: NON_EMPTY,
  in: { enum: ['path', 'query', 'header'] },
  required: { type: 'boolean' },
  description: NON_EMPTY,
  schema: { type: 'object' },
  example: {},
});
const RESPONSE = object(['description'], { description: NON_EMPTY, content: mapOf(MEDIA) });
const OPERATION = object(['operationId', 'summary', 'tags', 'security', 'responses'], {
  operationId: { type: 'string', pattern: '^[a-z][A-Za-z]+$' },
  summary: NON_EMPTY,
  description: NON_EMPTY,
  tags: { type: 'array', minItems: 1, items: NON_EMPTY },
  security: { type: 'array', items: mapOf({ type: 'array' }) },
  parameters: { type: 'array', items: PARAMETER },
  requestBody: object(['content'], {
    description: NON_EMPTY,
    required: { type: 'boolean' },
    content: mapOf(MEDIA),
  }),
  responses: {
    type: 'object',
    minProperties: 1,
    propertyNames: { pattern: '^[1-5]\\d\\d$' },
    additionalProperties: RESPONSE,
  },
});
const METHOD = { enum: ['get', 'put', 'post', 'delete', 'patch'] };

/** What OpenAPI 3.1 asks of a document, as far as ours goes; and of ours more: everything is described. */
const DOCUMENT = object(['openapi', 'info', 'servers', 'tags', 'paths', 'components'], {
  openapi: { type: 'string', pattern: '^3\\.1\\.\\d+$' },
  info: object(['title', 'version', 'description', 'license'], {
    title: NON_EMPTY,
    version: NON_EMPTY,
    description: NON_EMPTY,
    license: object(['name'], { name: NON_EMPTY, identifier: NON_EMPTY }),
  }),
  servers: { type: 'array', items: object(['url'], { url: NON_EMPTY, description: NON_EMPTY }) },
  tags: {
    type: 'array',
    items: object(['name', 'description'], { name: NON_EMPTY, description: NON_EMPTY }),
  },
  paths: {
    type: 'object',
    propertyNames: { pattern: '^/' },
    additionalProperties: { type: 'object', propertyNames: METHOD, additionalProperties: OPERATION },
  },
  components: object(['schemas', 'securitySchemes'], {
    schemas: mapOf({ type: 'object', required: ['type', 'description'] }),
    securitySchemes: mapOf({ type: 'object', required: ['type', 'description'] }),
  }),
});

/** All that is wrong with the document, one sentence each. */
export function faultsOf(document: OpenApi): readonly string[] {
  const [, structure] = Errors(DOCUMENT, document);
  const operations = operationsOf(document);
  return [
    ...structure.map(({ instancePath, message }) => `${instancePath} ${message}`),
    ...schemaFaults(document),
    ...danglingReferences(document),
    ...repeated(operations.map(({ operation }) => operation.operationId)).map(
      (id) => `two operations are ${id}`,
    ),
    ...operations.flatMap((one) => parameterFaults(one)),
    ...operations.flatMap((one) => undeclared(document, one)),
  ];
}

export interface NamedOperation {
  /** As `GET /status/chats/{chatId}`. */
  readonly name: string;
  readonly path: string;
  readonly operation: Operation;
}

export const operationsOf = ({ paths }: OpenApi): readonly NamedOperation[] =>
  Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      name: `${method.toUpperCase()} ${path}`,
      path,
      operation,
    })),
  );

/** Every schema has to be one of JSON Schema 2020-12, which is what OpenAPI 3.1 uses. */
function schemaFaults({ components }: OpenApi): string[] {
  return Object.entries(components.schemas).flatMap(([name, schema]) => {
    const [, errors] = Errors(META_SCHEMA, schema);
    return errors.map(({ instancePath, message }) => `schema ${name}${instancePath} ${message}`);
  });
}

function danglingReferences(document: OpenApi): string[] {
  const references = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]*)"/g)].map(([, to = '']) => to);
  const isThere = (to: string) =>
    to.startsWith('#/') &&
    to
      .slice(2)
      .split('/')
      .reduce<unknown>((found, key) => (found as Json | undefined)?.[key], document) !== undefined;
  return [...new Set(references)].filter((to) => !isThere(to)).map((to) => `${to} leads nowhere`);
}

/** The path's names are exactly the path parameters, and all of them are required. */
function parameterFaults({ name, path, operation: { parameters = [] } }: NamedOperation): string[] {
  const inPath = [...path.matchAll(/\{([^}]+)\}/g)].map(([, parameter = '']) => parameter);
  const declared = parameters
    .filter((parameter) => parameter.in === 'path')
    .map((parameter) => parameter.name);
  const keys = parameters.map((parameter) => `${parameter.in} ${parameter.name}`);
  return [
    ...inPath.filter((one) => !declared.includes(one)).map((one) => `${name} does not declare ${one}`),
    ...declared.filter((one) => !inPath.includes(one)).map((one) => `${name} has no ${one} in its path`),
    ...repeated(keys).map((key) => `${name} declares ${key} twice`),
  ];
}

function undeclared(document: OpenApi, { name, operation }: NamedOperation): string[] {
  const { tags, security } = operation;
  const known = (document.tags as readonly { name: string }[]).map((tag) => tag.name);
  const schemes = Object.keys(document.components.securitySchemes);
  const used = security.flatMap((one) => Object.keys(one));
  return [
    ...tags.filter((tag) => !known.includes(tag)).map((tag) => `${name} has the unknown tag ${tag}`),
    ...used
      .filter((scheme) => !schemes.includes(scheme))
      .map((scheme) => `${name}: unknown scheme ${scheme}`),
  ];
}

const repeated = (all: readonly string[]) => all.filter((one, index) => all.indexOf(one) !== index);
