import { routes } from './control-routes.ts';
import { SimulatorError } from './errors.ts';
import { BadBody, isObject, readJsonObject } from './http.ts';
import { LinqError } from './linq-errors.ts';
import type { Control } from './server.ts';
import type { Simulator } from './simulator.ts';

/** Answers the control routes; 400 says what is wrong with a request, 404 lists the routes. */
export function createControl(simulator: () => Simulator): Control {
  return async (request, path, query) => {
    const method = request.method ?? 'GET';
    const pattern = path.map((segment, index) => (index === 1 ? ':' : segment)).join('/');
    const route = routes.find((candidate) => candidate.method === method && candidate.path === pattern);
    if (route === undefined)
      return { status: 404, body: { routes: routes.map((known) => `${known.method} /_sim/${known.path}`) } };
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
