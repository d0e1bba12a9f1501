import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type { FastifyInstance } from 'fastify';
import { Type } from 'typebox';
import { releaseChat } from '../decide/attempt.ts';
import type { ChatRecord } from '../decide/chat.ts';
import type { EpochMs } from '../decide/duration.ts';
import { chatNotFound, type Refusal, refuse } from './answers.ts';
import { linesNamed } from './chat-filters.ts';
import { ChatParams } from './chat-routes.ts';
import { showChat } from './chat-view.ts';
import { momentOf, type StatusDeps } from './deps.ts';
import { showGate } from './overview.ts';
import { ChatSchema, ErrorSchema, LineSchema, PauseSchema } from './schemas.ts';
import { showCounts } from './shown-counts.ts';

/** Operator's holds of chats, pausing everything, and ending a line's hold. Each may be repeated without harm. */
export function steeringRoutes(plain: FastifyInstance, deps: StatusDeps): void {
  const { store, dispatcher, clock } = deps;
  const app = plain.withTypeProvider<TypeBoxTypeProvider>();
  const chatSchema = { params: ChatParams, response: { 200: ChatSchema, '4xx': ErrorSchema } };
  const pauseSchema = { response: { 200: PauseSchema, '4xx': ErrorSchema } };

  async function changeChat(chatId: string, change: (chat: ChatRecord) => ChatRecord) {
    const chat = await store.updateChat(chatId, change, clock.now());
    dispatcher.nudge();
    return chat === null ? null : showChat(chat, momentOf(deps));
  }

  app.put('/status/chats/:chatId/hold', { schema: chatSchema }, async ({ params: { chatId } }, reply) => {
    const chat = await changeChat(chatId, (stored) => holdChat(stored, clock.now()));
    return chat ?? refuse(reply, chatNotFound(chatId));
  });

  app.delete('/status/chats/:chatId/hold', { schema: chatSchema }, async ({ params: { chatId } }, reply) => {
    const chat = await changeChat(chatId, releaseChat);
    return chat ?? refuse(reply, chatNotFound(chatId));
  });

  app.put('/status/pause', { schema: pauseSchema }, async () => {
    await dispatcher.pause();
    return { paused: true };
  });

  app.delete('/status/pause', { schema: pauseSchema }, async () => {
    await dispatcher.resume();
    return { paused: false };
  });

  app.delete(
    '/status/lines/:line/hold',
    {
      schema: {
        params: Type.Object({ line: Type.String() }),
        response: { 200: LineSchema, '4xx': ErrorSchema },
      },
    },
    async ({ params }, reply) => {
      const known = (await store.lines()).map(({ line }) => line);
      const [line, ...others] = linesNamed(params.line, known);
      if (line === undefined) return refuse(reply, LINE_NOT_FOUND);
      if (others.length > 0) return refuse(reply, AMBIGUOUS_LINE);
      await dispatcher.releaseLine(line);
      const gate = dispatcher.view().lines.find((one) => one.line.line === line);
      if (gate === undefined) return refuse(reply, LINE_NOT_FOUND);
      const counts = showCounts(await store.counts(), momentOf(deps).closures);
      return showGate(gate, { ...deps, counts });
    },
  );
}

function holdChat(chat: ChatRecord, now: EpochMs): ChatRecord {
  return chat.operatorHeldAt === null ? { ...chat, operatorHeldAt: now } : chat;
}

const LINE_NOT_FOUND: Refusal = {
  statusCode: 404,
  code: 'LINE_NOT_FOUND',
  message: 'No event told of such a line yet; GET /status lists those that are known.',
};

const AMBIGUOUS_LINE: Refusal = {
  statusCode: 400,
  code: 'AMBIGUOUS_LINE',
  message: 'Several lines are shown like this; name the full number.',
};
