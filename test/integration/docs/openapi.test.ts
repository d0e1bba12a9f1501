import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { placeOf } from '../../../docs/generate/documents.ts';
import { type OpenApi, readOpenApi } from '../../../docs/generate/openapi.ts';
import { faultsOf, operationsOf } from '../../../docs/generate/openapi-rules.ts';

/** Pages and their buttons, for people with a browser: what they look like is no interface. */
const HIDDEN: readonly string[] = [
  'GET /',
  'GET /chats',
  'GET /chats/{chatId}',
  'GET /assets/{file}',
  'POST /pause',
  'POST /resume',
  'POST /catch-up',
  'POST /lines/{line}/release',
  'POST /lines/{line}/check',
  'POST /quarantine/replay',
  'POST /chats/{chatId}/share',
  'POST /chats/{chatId}/hold',
  'POST /chats/{chatId}/release',
];

const { document, routes } = await readOpenApi();

/** A copy with something put elsewhere or in its place; the path is of keys. */
function changed(keys: readonly string[], value: unknown): OpenApi {
  const copy = structuredClone(document);
  const last = keys.at(-1) ?? '';
  const parent = keys
    .slice(0, -1)
    .reduce<unknown>((found, key) => (found as Record<string, unknown>)[key], copy);
  Object.assign(parent as object, { [last]: value });
  return copy;
}

describe('the OpenAPI document', () => {
  it('is one of OpenAPI 3.1, with unique operations, declared parameters and no reference to nowhere', () => {
    expect(faultsOf(document)).toEqual([]);
  });

  it.each([
    ['another version', changed(['openapi'], '3.0.3')],
    ['an operation twice', changed(['paths', '/status', 'get', 'operationId'], 'listChats')],
    ['a parameter not declared', changed(['paths', '/status/chats/{chatId}', 'get', 'parameters'], [])],
    [
      'a parameter without its words',
      changed(['paths', '/status/chats', 'get', 'parameters', '0', 'description'], ''),
    ],
    [
      'a reference to nowhere',
      changed(['components', 'schemas', 'ChatPage', 'properties', 'chats'], {
        $ref: '#/components/schemas/Cat',
      }),
    ],
    [
      'a type that is none',
      changed(['components', 'schemas', 'Chat', 'properties', 'line', 'type'], 'number or null'),
    ],
    ['an answer without its words', changed(['paths', '/status', 'get', 'responses', '401'], {})],
    ['an unknown tag', changed(['paths', '/status', 'get', 'tags'], ['Cats'])],
    ['an unknown way in', changed(['paths', '/status', 'get', 'security'], [{ cookie: [] }])],
  ])('is found faulty with %s', (_what, faulty) => {
    expect(faultsOf(faulty)).not.toEqual([]);
  });

  it('has every route that is served, but for those that are hidden on purpose', () => {
    const described = operationsOf(document).map(({ name }) => name);
    const served = routes.map((route) =>
      route.replaceAll(/:(\w+)/g, '{$1}').replace(/\/assets\/.+/, '/assets/{file}'),
    );
    expect(served.length).toBeGreaterThan(10);
    expect(described.filter((one) => !served.includes(one))).toEqual([]);
    expect(served.filter((one) => !described.includes(one) && !HIDDEN.includes(one))).toEqual([]);
    expect(described.filter((one) => HIDDEN.includes(one))).toEqual([]);
  });
});

describe('docs/api.md', () => {
  /** `GET /status/chats/{chatId}`, and what stands in a route's query. */
  const rows = [
    ...readFileSync(placeOf('docs/api.md'), 'utf8').matchAll(/^\| `([A-Z]+ \/[^?`]*)(?:\?([^`]*))?` \|/gm),
  ].map(([, name = '', query = '']) => ({
    name,
    query: query.replaceAll('=', '').split('&').filter(Boolean),
  }));

  it('lists every operation once, and the status page', () => {
    const names = operationsOf(document).map(({ name }) => name);
    expect(rows.map(({ name }) => name).toSorted()).toEqual([...names, 'GET /'].toSorted());
  });

  it('names the parameters that an operation has', () => {
    const wrong = rows.flatMap(({ name, query }) => {
      const operation = operationsOf(document).find((one) => one.name === name)?.operation;
      const known = operation?.parameters?.map((parameter) => parameter.name) ?? [];
      return query.filter((one) => !known.includes(one)).map((one) => `${name}: ${one}`);
    });
    expect(wrong).toEqual([]);
    expect(rows.flatMap(({ query }) => query)).toContain('cursor');
  });
});
