import { type Static, type TSchema, Type } from 'typebox';
import { Check, Errors } from 'typebox/value';
import { SimulatorError } from './errors.ts';
import type { Simulator } from './simulator.ts';

/** What a control route gets: the path's id (or ''), the checked body and the query. */
export interface ControlRequest<Body> {
  readonly simulator: Simulator;
  readonly id: string;
  readonly body: Body;
  readonly query: URLSearchParams;
}

/** One control route; `:` in its path stands for an id. An object is answered with 200 and JSON, nothing with 204. */
export interface ControlRoute {
  readonly method: string;
  readonly path: string;
  readonly handle: (request: ControlRequest<unknown>) => unknown;
}

/** A route that takes a JSON body; one that doesn't fit is refused with what is wrong with it. */
export function bodyRoute<S extends TSchema>(
  method: string,
  path: string,
  schema: S,
  handle: (request: ControlRequest<Static<S>>) => unknown,
): ControlRoute {
  return {
    method,
    path,
    handle({ body, ...request }) {
      if (Check(schema, body)) return handle({ ...request, body });
      const faults = Errors(schema, body).map(({ instancePath, message }) =>
        `${instancePath} ${message}`.trim(),
      );
      throw new SimulatorError(faults.join('; '));
    },
  };
}

export function plainRoute(
  method: string,
  path: string,
  handle: (request: ControlRequest<object>) => unknown,
): ControlRoute {
  return bodyRoute(method, path, Type.Object({}, { additionalProperties: false }), handle);
}
