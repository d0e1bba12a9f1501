import { type Static, type TSchema, Type } from 'typebox';
import type { Control } from './api-server.ts';
import { describeFields, mistakesIn, STRICT } from './body-schema.ts';
import type { Account } from './linq-account.ts';
import { EVENT_TYPES } from './linq-events.ts';
import { BadBody, isObject, readJsonObject } from './reply.ts';
import { LinqError, SimulatorError } from './simulator-errors.ts';

const ABOUT =
  'Controls this simulated Linq. Bodies are JSON; times are ISO 8601, numbers ending in Ms milliseconds. ' +
  'Every example works as it stands, in this order.';

/** Answers the control routes; 400 says what is wrong with a request, 404 lists the routes. */
export function createControl(
  routes: readonly ControlRoute[],
  account: Account,
  baseUrl: () => string,
): Control {
  const description = { about: ABOUT, eventTypes: EVENT_TYPES, routes: routes.map(describeRoute) };
  return async (request, path, query) => {
    const method = request.method ?? 'GET';
    if (method === 'GET' && path.join('') === '') return { status: 200, body: description };
    const route = routes.find((candidate) => candidate.method === method && matches(candidate, path));
    if (route === undefined) {
      const known = routes.map((one) => `${one.method} /_sim/${one.path}`);
      return { status: 404, body: { error: 'no such route; GET /_sim describes these', routes: known } };
    }
    try {
      const body = method === 'GET' ? {} : await readJsonObject(request);
      const answer = route.handle({ account, baseUrl: baseUrl(), id: path[1] ?? '', body, query });
      return isObject(answer) ? { status: 200, body: answer } : { status: 204 };
    } catch (error) {
      if (error instanceof SimulatorError || error instanceof LinqError || error instanceof BadBody)
        return { status: 400, body: { error: error.message } };
      throw error;
    }
  };
}

/** A control route's input: the path's id (or ''), the validated body and the query. */
interface ControlRequest<Body> {
  readonly account: Account;
  /** Where the simulated API listens. */
  readonly baseUrl: string;
  readonly id: string;
  readonly body: Body;
  readonly query: URLSearchParams;
}

/** A route's documentation; its example works once the earlier ones were run. */
interface RouteDoc {
  readonly method: string;
  /** Below `/_sim/`; a segment in braces stands for an id. */
  readonly path: string;
  readonly does: string;
  readonly example: string;
  readonly query?: readonly string[];
}

/** One control route. An object is returned with 200 as JSON, nothing with 204. */
export interface ControlRoute extends RouteDoc {
  readonly schema: TSchema;
  readonly exampleBody: object | null;
  readonly handle: (request: ControlRequest<unknown>) => unknown;
}

/** A route with a JSON body; an invalid one is rejected with its mistakes. */
export function bodyRoute<S extends TSchema>(
  {
    example: [example, exampleBody],
    ...doc
  }: Omit<RouteDoc, 'example'> & {
    readonly example: readonly [path: string, body: Static<S>];
  },
  schema: S,
  handle: (request: ControlRequest<Static<S>>) => unknown,
): ControlRoute {
  return {
    ...doc,
    example,
    exampleBody: Object(exampleBody),
    schema,
    handle({ body, query, ...request }) {
      const mistakes = mistakesIn(schema, body);
      const known = doc.query ?? [];
      for (const name of query.keys())
        if (!known.includes(name))
          mistakes.push(`?${name}: no such parameter; allowed: ${known.join(', ') || 'none'}`);
      if (mistakes.length > 0) throw new SimulatorError(mistakes.join('; '));
      return handle({ ...request, body: body as Static<S>, query });
    },
  };
}

const NOTHING = Type.Object({}, STRICT);

export function plainRoute(
  { example, ...doc }: RouteDoc,
  handle: (request: ControlRequest<object>) => unknown,
): ControlRoute {
  return { ...bodyRoute({ ...doc, example: [example, {}] }, NOTHING, handle), exampleBody: null };
}

/** Whether the route's path matches this one. */
function matches(route: ControlRoute, path: readonly string[]): boolean {
  const pattern = route.path.split('/');
  return (
    pattern.length === path.length &&
    pattern.every((segment, index) => segment.startsWith('{') || segment === path[index])
  );
}

/** The route as `GET /_sim` describes it. */
function describeRoute({ method, path, does, query, schema, example, exampleBody }: ControlRoute) {
  const fields = describeFields(schema);
  return {
    route: `${method} /_sim/${path}`,
    does,
    ...(query === undefined ? {} : { query }),
    ...(Object.keys(fields).length === 0 ? {} : { body: fields }),
    example: { method, path: `/_sim/${example}`, ...(exampleBody === null ? {} : { body: exampleBody }) },
  };
}
