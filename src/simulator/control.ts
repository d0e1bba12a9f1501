import { describeRoute, matches } from './control-route.ts';
import { routes } from './control-routes.ts';
import { SimulatorError } from './errors.ts';
import { EVENT_TYPES } from './event-types.ts';
import { BadBody, isObject, readJsonObject } from './http.ts';
import { LinqError } from './linq-errors.ts';
import type { Control } from './server.ts';
import type { Simulator } from './simulator.ts';

/** What `GET /_sim` answers. */
const DESCRIPTION = {
  about:
    'Controls this simulated Linq. Bodies are JSON; times are ISO 8601, numbers ending in Ms milliseconds. ' +
    'Every example works as it stands, in this order.',
  eventTypes: EVENT_TYPES,
  routes: routes.map(describeRoute),
};

/** Answers the control routes; 400 says what is wrong with a request, 404 lists the routes. */
export function createControl(simulator: () => Simulator): Control {
  return async (request, path, query) => {
    const method = request.method ?? 'GET';
    if (method === 'GET' && path.join('') === '') return { status: 200, body: DESCRIPTION };
    const route = routes.find((candidate) => candidate.method === method && matches(candidate, path));
    if (route === undefined) {
      const known = routes.map((one) => `${one.method} /_sim/${one.path}`);
      return { status: 404, body: { error: 'no such route; GET /_sim describes these', routes: known } };
    }
    try {
      const body = method === 'GET' ? {} : await readJsonObject(request);
      const answer = route.handle({ simulator: simulator(), id: path[1] ?? '', body, query });
      return isObject(answer) ? { status: 200, body: answer } : { status: 204 };
    } catch (error) {
      if (error instanceof SimulatorError || error instanceof LinqError || error instanceof BadBody)
        return { status: 400, body: { error: error.message } };
      throw error;
    }
  };
}
