import { BehaviourChange, Fault } from './behaviour.ts';
import { bodyRoute, type ControlRoute, plainRoute } from './control.ts';
import * as bodies from './control-schemas.ts';
import { chatObject, iso, messageObject } from './resources.ts';
import type { ShareCall } from './shares.ts';
import { SimulatorError } from './simulator-errors.ts';
import { subscriptionObject } from './webhook-subscriptions.ts';

/** The line used in the examples. */
const LINE = '+12025550101';
const CHAT = '6f2a9c4e-1b7d-4e83-a5c0-9d3f7b1e2a64';
const line = encodeURIComponent(LINE);

/**
 * Controls the simulator over HTTP, for tests in another process and in any language. JSON in camelCase, on
 * loopback, without a token. Times are ISO 8601, numbers ending in `Ms` are milliseconds. Chats, messages and
 * subscriptions are returned in the format of Linq's API. `GET /_sim` describes all of this; its examples
 * work as they are when run in order.
 */
export const routes: readonly ControlRoute[] = [
  bodyRoute(
    {
      method: 'POST',
      path: 'lines',
      does: 'adds a line',
      example: ['lines', { number: LINE, card: 'inactive' }],
    },
    bodies.NewLine,
    ({ account, body: { number, ...options } }) => account.addLine(number, options),
  ),
  bodyRoute(
    {
      method: 'PUT',
      path: 'lines/{number}/card',
      does: 'changes the card of a line',
      example: [`lines/${line}/card`, { card: 'active' }],
    },
    bodies.CardChange,
    ({ account, id, body: { card, ...change } }) => {
      if (card === undefined && Object.keys(change).length === 0)
        throw new SimulatorError('card: missing; what is to change?');
      account.setCard(id, card, change);
    },
  ),
  bodyRoute(
    {
      method: 'POST',
      path: 'lines/{number}/status',
      does: 'flags or clears a line, and sends phone_number.status_updated',
      example: [`lines/${line}/status`, { status: 'FLAGGED', reputation: 'CRITICAL' }],
    },
    bodies.StatusChange,
    ({ account, id, body }) => account.flagLine(id, body.status, body.reputation),
  ),
  bodyRoute(
    {
      method: 'POST',
      path: 'chats',
      does: 'creates a chat',
      example: ['chats', { line: LINE, chatId: CHAT, service: 'iMessage' }],
    },
    bodies.NewChat,
    ({ account, body }) => chatObject(account.createChat(body)),
  ),
  bodyRoute(
    {
      method: 'PUT',
      path: 'chats/{chatId}',
      does: 'changes what Linq knows of a chat, without an event',
      example: [`chats/${CHAT}`, { health: 'AT_RISK' }],
    },
    bodies.ChatChange,
    ({ account, id, body }) => chatObject(account.updateChat(id, body)),
  ),
  bodyRoute(
    {
      method: 'POST',
      path: 'chats/{chatId}/send',
      does: 'our line sends a message',
      example: [`chats/${CHAT}/send`, { text: 'Hello', delivered: true }],
    },
    bodies.Sent,
    ({ account, id, body: { at, ...options } }) => {
      const message = account.sendMessage(id, { ...options, ...readInstant(at) });
      return messageObject(account.chat(id), message);
    },
  ),
  bodyRoute(
    {
      method: 'POST',
      path: 'chats/{chatId}/receive',
      does: 'the other person sends a message',
      example: [`chats/${CHAT}/receive`, { text: 'STOP' }],
    },
    bodies.Received,
    ({ account, id, body: { text, at, ...options } }) => {
      const message = account.receiveMessage(id, text, { ...options, ...readInstant(at) });
      return messageObject(account.chat(id), message);
    },
  ),
  bodyRoute(
    {
      method: 'POST',
      path: 'chats/{chatId}/fail',
      does: 'our line sends a message, which fails',
      example: [`chats/${CHAT}/fail`, { code: 4001 }],
    },
    bodies.Failure,
    ({ account, id, body }) => messageObject(account.chat(id), account.failMessage(id, body)),
  ),
  plainRoute(
    {
      method: 'POST',
      path: 'chats/{chatId}/leave',
      does: 'our line leaves the chat: shares are refused with 2013',
      example: `chats/${CHAT}/leave`,
    },
    ({ account, id }) => account.leaveChat(id),
  ),
  plainRoute(
    {
      method: 'POST',
      path: 'chats/{chatId}/join',
      does: 'our line is added again',
      example: `chats/${CHAT}/join`,
    },
    ({ account, id }) => account.joinChat(id),
  ),
  bodyRoute(
    {
      method: 'POST',
      path: 'subscriptions',
      does: 'creates a webhook subscription, with a secret of yours if you like',
      example: [
        'subscriptions',
        {
          targetUrl: 'http://127.0.0.1:8080/webhooks/linq?version=2025-01-01',
          events: ['message.sent', 'contact_card.updated'],
          routing: { key: 'X-Shard' },
        },
      ],
    },
    bodies.NewSubscription,
    ({ account, body }) => {
      const subscription = account.subscribe(body);
      return { ...subscriptionObject(subscription), signing_secret: subscription.signingSecret };
    },
  ),
  bodyRoute(
    {
      method: 'POST',
      path: 'events',
      does: 'sends an event of any type about existing chats and lines, which stay as they are',
      example: [
        'events',
        {
          type: 'message.sent',
          chatId: CHAT,
          payload: { data: { chat: { health_status: 'HEALTHY' } } },
          without: ['data.parts'],
        },
      ],
    },
    bodies.AnyEvent,
    ({ account, body }) => ({ event_id: account.emitEvent(body) }),
  ),
  bodyRoute(
    {
      method: 'POST',
      path: 'deliver',
      does: 'sends any body as it is, signed, to every active subscription',
      example: ['deliver', { event_id: 'e-1', event_type: 'future.event', data: { new: true } }],
    },
    bodies.Delivery,
    ({ account, body }) => account.deliver(JSON.stringify(body)),
  ),
  bodyRoute(
    {
      method: 'POST',
      path: 'faults',
      does: 'makes API calls fail, or answers them differently',
      example: ['faults', { route: 'share', status: 429, retryAfter: 30, times: 1 }],
    },
    Fault,
    ({ account, body }) => {
      account.fail(body);
    },
  ),
  plainRoute(
    { method: 'DELETE', path: 'faults', does: 'removes all faults', example: 'faults' },
    ({ account }) => account.clearFaults(),
  ),
  bodyRoute(
    {
      method: 'PUT',
      path: 'behaviour',
      does: 'changes how Linq behaves from now on; answers all of it',
      example: ['behaviour', { chatOrder: 'updated', shiftPages: 1 }],
    },
    BehaviourChange,
    ({ account, body }) => account.behave(body),
  ),
  plainRoute(
    {
      method: 'GET',
      path: 'calls',
      query: ['chatId'],
      does: 'lists share calls in order of arrival, and what each did',
      example: `calls?chatId=${CHAT}`,
    },
    ({ account, query }) => {
      const chatId = query.get('chatId');
      const calls = chatId === null ? account.calls : account.callsOf(chatId);
      return { calls: calls.map(callObject) };
    },
  ),
  plainRoute(
    {
      method: 'GET',
      path: 'deliveries',
      query: ['chatId'],
      does: 'lists webhook deliveries and their attempts',
      example: `deliveries?chatId=${CHAT}`,
    },
    ({ account, query }) => {
      const chatId = query.get('chatId');
      return { deliveries: account.deliveries.filter((sent) => chatId === null || sent.chatId === chatId) };
    },
  ),
  plainRoute(
    {
      method: 'GET',
      path: 'state',
      does: 'shows where it listens, its seed, and how many deliveries are pending',
      example: 'state',
    },
    ({ account, baseUrl }) => ({
      baseUrl,
      seed: account.seed,
      pendingDeliveries: account.pendingDeliveries(),
    }),
  ),
  plainRoute(
    {
      method: 'DELETE',
      path: 'chats/{chatId}',
      does: 'deletes a chat: Linq no longer knows it',
      example: `chats/${CHAT}`,
    },
    ({ account, id }) => account.deleteChat(id),
  ),
];

const callObject = (call: ShareCall) => ({ ...call, arrivedAt: iso(call.arrivedAt) });

function readInstant(instant: string | undefined): { at?: number } {
  if (instant === undefined) return {};
  const at = Date.parse(instant);
  if (Number.isNaN(at))
    throw new SimulatorError(
      `at: expected a time in ISO 8601, as 2026-11-03T16:20:04.902Z, got "${instant}"`,
    );
  return { at };
}
