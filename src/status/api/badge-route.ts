import type { FastifyInstance } from 'fastify';
import { Type } from 'typebox';
import type { Clock } from '../../clock.ts';
import { SECOND } from '../../decide/time.ts';
import { StoreError } from '../../errors.ts';
import { drawBadge, judge } from './badge.ts';
import { NO_SECURITY } from './route-schema.ts';
import type { Overview } from './schemas.ts';

export interface BadgeDeps {
  /** @throws {StoreError} what it resolves with rejects so */
  readonly overview: () => Promise<Overview>;
  readonly clock: Pick<Clock, 'monotonic'>;
}

/** Real time. Whoever asks more often than that makes no work: the route is open. */
const KEPT_MS = 5 * SECOND;

/** `GET /badge.svg`, for a wiki or a wall: open, since all it tells is how many problems there are. */
export function badgeRoute(app: FastifyInstance, { overview, clock }: BadgeDeps): void {
  let drawn: { readonly at: number; readonly svg: Promise<string> } | null = null;

  async function draw(): Promise<string> {
    try {
      return drawBadge(judge(await overview()));
    } catch (error) {
      if (error instanceof StoreError) return drawBadge(judge(null));
      throw error;
    }
  }

  app.get('/badge.svg', { schema: BADGE_SCHEMA }, async (_request, reply) => {
    const at = clock.monotonic();
    if (drawn === null || at - drawn.at >= KEPT_MS) drawn = { at, svg: draw() };
    reply.header('cache-control', 'max-age=60');
    reply.header('cross-origin-resource-policy', 'cross-origin'); // it is made to be shown on other sites
    return reply.type('image/svg+xml; charset=utf-8').send(await drawn.svg);
  });
}

const BADGE_SCHEMA = {
  operationId: 'getBadge',
  summary: 'See as a badge whether all is well',
  description:
    'A small SVG: `all well`, `2 warnings`, `1 error`, `paused` or `dry run`. At most 5 seconds old; caches keep it for a minute.',
  tags: ['Health'],
  security: NO_SECURITY,
  response: {
    200: {
      description: 'The badge.',
      content: { 'image/svg+xml': { schema: Type.String() } },
    },
  },
};
