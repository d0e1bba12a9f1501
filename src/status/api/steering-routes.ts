import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type { FastifyInstance } from 'fastify';
import { Type } from 'typebox';
import { linesNamed } from '../../decide/text.ts';
import type { DispatcherSnapshot } from '../../dispatch/dispatcher.ts';
import { answer, ErrorSchema, type Refusal, refuse } from '../../http/answers.ts';
import { createShowLine, showCounts, viewSnapshot } from '../view/chat-view.ts';
import { CatchUpSchema, LineSchema, PauseSchema } from '../view/schemas.ts';
import type { StatusDeps } from './deps.ts';
import { showCatchUp, showLineState } from './overview.ts';
import { changeAnswers, NAMED_ANSWERS, TOKEN_SECURITY } from './route-schema.ts';

const STEERING = {
  tags: ['Steering'],
  security: TOKEN_SECURITY,
  response: changeAnswers({ 200: PauseSchema }),
};
const PAUSE_SCHEMA = {
  ...STEERING,
  operationId: 'pause',
  summary: 'Stop all sharing',
  description: 'Takes effect immediately and persists across restarts. Webhooks are still received.',
};
const RESUME_SCHEMA = {
  ...STEERING,
  operationId: 'resume',
  summary: 'Resume sharing',
  description: 'What became due meanwhile is shared at the usual pace, oldest first.',
};

const RELEASE_LINE_SCHEMA = {
  operationId: 'releaseLine',
  summary: 'End a line’s hold',
  description:
    'Ends any hold: Linq flagged the line, refuses calls for it, or says it isn’t yours. Its card is rechecked.',
  tags: ['Steering'],
  security: TOKEN_SECURITY,
  params: Type.Object({
    line: Type.String({
      description: 'The full number, or as shown (+1•••••0100), percent-encoded: `%2B12025550100`.',
      examples: ['+12025550100'],
    }),
  }),
  response: changeAnswers({
    200: LineSchema,
    ...NAMED_ANSWERS,
    400: answer('`AMBIGUOUS_LINE`: several lines match; the message names them.', ErrorSchema),
    404: answer('`LINE_NOT_FOUND`: the line is unknown.', ErrorSchema),
  }),
};

const CATCH_UP_SCHEMA = {
  operationId: 'startCatchUp',
  summary: 'Read what webhooks missed',
  description:
    'Repeating the request while one is waiting to start changes nothing. `GET /status` shows its progress.',
  tags: ['Steering'],
  security: TOKEN_SECURITY,
  response: changeAnswers({
    202: answer('It starts now or soon. The body shows its progress.', CatchUpSchema),
  }),
};

/** Pausing everything, ending a line's hold, and catching up. All are safe to repeat. */
export function steeringRoutes(plain: FastifyInstance, deps: StatusDeps): void {
  const { store, dispatcher, catchUp } = deps;
  const app = plain.withTypeProvider<TypeBoxTypeProvider>();

  app.put('/status/pause', { schema: PAUSE_SCHEMA }, async () => {
    await dispatcher.pause();
    return { paused: true };
  });

  app.delete('/status/pause', { schema: RESUME_SCHEMA }, async () => {
    await dispatcher.resume();
    return { paused: false };
  });

  app.delete('/status/lines/:line/hold', { schema: RELEASE_LINE_SCHEMA }, async ({ params }, reply) => {
    const released = await releaseLine(deps, params.line);
    if ('refusal' in released) return refuse(reply, released.refusal);
    const { now, holds, showLine } = viewSnapshot(deps);
    const counts = showCounts(await store.counts(now), holds);
    const cardShares = await store.cardShares(now);
    return showLineState(released.line, { ...deps, showLine, counts, cardShares });
  });

  app.post('/status/catch-up', { schema: CATCH_UP_SCHEMA }, async (_request, reply) => {
    await catchUp.request();
    return reply.code(202).send(showCatchUp(catchUp.view()));
  });
}

/** Ends the hold of the line given as a full or masked number. @throws {StoreError} */
export async function releaseLine(
  { store, dispatcher, showNumbers }: Pick<StatusDeps, 'store' | 'dispatcher' | 'showNumbers'>,
  name: string,
): Promise<{ readonly line: DispatcherSnapshot['lines'][number] } | { readonly refusal: Refusal }> {
  const known = (await store.lines()).map(({ line }) => line);
  const found = linesNamed(name, known);
  const [line] = found;
  if (line === undefined) return { refusal: LINE_NOT_FOUND };
  if (found.length > 1) return { refusal: ambiguous(found.map(createShowLine(showNumbers, known))) };
  await dispatcher.releaseLine(line);
  const state = dispatcher.snapshot().lines.find((one) => one.line.line === line);
  return state === undefined ? { refusal: LINE_NOT_FOUND } : { line: state };
}

const LINE_NOT_FOUND: Refusal = {
  statusCode: 404,
  code: 'LINE_NOT_FOUND',
  message: 'Unknown line. Try `line list`, or GET /status.',
};

const ambiguous = (lines: readonly string[]): Refusal => ({
  statusCode: 400,
  code: 'AMBIGUOUS_LINE',
  message: `Several lines match: ${lines.join(', ')}. Name one like that, or by its full number.`,
});
