import type { Behaviour } from './behaviour.ts';
import { isObject } from './http.ts';

/** Answers and webhooks in the shapes that they have or have had, by what the account is told to do. */
export function reshape(value: unknown, behaviour: Pick<Behaviour, 'emptyLists' | 'healthShape'>): unknown {
  const { emptyLists, healthShape } = behaviour;
  if (emptyLists === 'empty' && healthShape === 'object') return value;
  if (Array.isArray(value)) {
    if (value.length === 0 && emptyLists === 'null') return null;
    return value.map((item) => reshape(item, behaviour));
  }
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, inner]) =>
      name === 'health_status' && isObject(inner)
        ? healthIn(healthShape, inner)
        : [[name, reshape(inner, behaviour)]],
    ),
  );
}

function healthIn(
  shape: Behaviour['healthShape'],
  health: Readonly<Record<string, unknown>>,
): readonly (readonly [string, unknown])[] {
  const status = String(health.status);
  switch (shape) {
    case 'object':
      return [['health_status', health]];
    case 'lowercase':
      return [['health_status', { ...health, status: status.toLowerCase() }]];
    case 'string':
      return [['health_status', status]];
    case 'score':
      return [['health_score', { score: status === 'HEALTHY' ? 100 : 20, reason: status }]];
    case 'absent':
      return [];
  }
}
