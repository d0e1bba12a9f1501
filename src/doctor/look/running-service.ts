import { Check } from 'typebox/value';
import { type Overview, OverviewSchema } from '../../status/view/schemas.ts';
import type { SeenService, SeenStatus } from '../judge/service.ts';
import { exchange, type HttpOptions } from './http.ts';

/** Checks whether the server there is this service, and ready. */
export async function lookAtService(url: string, options: HttpOptions): Promise<SeenService> {
  const health = await exchange({ method: 'GET', url: `${url}/healthz` }, options);
  if (health.kind === 'failed') return { kind: 'silent', cause: health.cause };
  const { status } = readObject(health.body);
  if (health.httpStatus !== 200 || status !== 'ok') return { kind: 'foreign', httpStatus: health.httpStatus };
  const ready = await exchange({ method: 'GET', url: `${url}/readyz` }, options);
  if (ready.kind === 'failed')
    return { kind: 'up', notReady: [`it doesn’t answer GET /readyz (${ready.cause})`] };
  const { checks } = readObject(ready.body);
  if (typeof checks !== 'object' || checks === null) return { kind: 'foreign', httpStatus: ready.httpStatus };
  const notReady = Object.values(checks).filter((said) => typeof said === 'string' && said !== 'ok');
  return { kind: 'up', notReady: notReady.map(String) };
}

/** The service's own view; `overview` is null when it refuses to report it. */
export async function lookAtStatus(
  url: string,
  token: string | null,
  options: HttpOptions,
): Promise<{ readonly seen: SeenStatus; readonly overview: Overview | null }> {
  const headers = token === null ? {} : { authorization: `Bearer ${token}` };
  const answer = await exchange({ method: 'GET', url: `${url}/status`, headers }, options);
  if (answer.kind === 'failed') return { seen: { kind: 'refused', httpStatus: 0 }, overview: null };
  const body = readObject(answer.body);
  if (answer.httpStatus !== 200 || !Check(OverviewSchema, body))
    return { seen: { kind: 'refused', httpStatus: answer.httpStatus }, overview: null };
  return { seen: { kind: 'shown', problems: body.problems }, overview: body };
}

function readObject(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
