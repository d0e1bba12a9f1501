import { bodyRoute, type ControlRoute, plainRoute } from './control-route.ts';
import {
  behaviour,
  cardChange,
  chatChange,
  delivery,
  failure,
  fault,
  newChat,
  newLine,
  newSubscription,
  received,
  sent,
  statusChange,
} from './control-schemas.ts';
import { SimulatorError } from './errors.ts';
import { chatObject, iso, messageObject } from './resources.ts';
import type { ShareCall } from './shares.ts';
import { subscriptionObject } from './subscriptions.ts';

/**
 * Control of the simulator over HTTP, for tests in another process and in any language. JSON in camelCase, on loopback,
 * without a token. Times are ISO 8601, numbers ending in `Ms` are milliseconds. Chats, messages and subscriptions are
 * answered as Linq's API shows them.
 *
 *     POST   /_sim/lines                   {"number":"+12025550100","card":"active"|"inactive"|"none"}
 *     PUT    /_sim/lines/{number}/card     {"card":…}
 *     POST   /_sim/lines/{number}/status   {"status":"FLAGGED","reputation":"CRITICAL"}
 *     POST   /_sim/chats                   {"line":…,"chatId","service","isGroup","handle","displayName","announce"}
 *     PUT    /_sim/chats/{id}              {"service","health"}
 *     DELETE /_sim/chats/{id}              unknown to Linq from now on
 *     POST   /_sim/chats/{id}/send         {"text","at","service","delivered","read"}
 *     POST   /_sim/chats/{id}/receive      {"text":"STOP"}
 *     POST   /_sim/chats/{id}/fail         {"code":4001}
 *     POST   /_sim/chats/{id}/leave, …/join
 *     POST   /_sim/subscriptions           {"targetUrl":…,"signingSecret","events","lines"}
 *     POST   /_sim/deliver                 any body, sent as it is, signed, to every active subscription
 *     POST   /_sim/faults                  a fault, see `Fault` in faults.ts; DELETE clears all
 *     PUT    /_sim/behaviour               part of `Behaviour` in model.ts: {"lossRate":1} sends no webhook any more, so
 *                                          that only chats and messages of the API tell what happened meanwhile;
 *                                          {"chatOrder":"updated","shiftPages":1} lets their pages shift while they are read
 *     GET    /_sim/calls?chatId=           share calls, in order of arrival, and what each did
 *     GET    /_sim/deliveries?chatId=      webhook deliveries and their attempts
 *     GET    /_sim/state                   baseUrl, seed, pendingDeliveries
 */
export const routes: readonly ControlRoute[] = [
  bodyRoute('POST', 'lines', newLine, ({ simulator, body: { number, ...options } }) =>
    simulator.addLine(number, options),
  ),
  bodyRoute('PUT', 'lines/:/card', cardChange, ({ simulator, id, body }) => simulator.setCard(id, body.card)),
  bodyRoute('POST', 'lines/:/status', statusChange, ({ simulator, id, body }) =>
    simulator.flagLine(id, body.status, body.reputation),
  ),
  bodyRoute('POST', 'chats', newChat, ({ simulator, body }) => chatObject(simulator.createChat(body))),
  bodyRoute('PUT', 'chats/:', chatChange, ({ simulator, id, body }) =>
    chatObject(simulator.updateChat(id, body)),
  ),
  plainRoute('DELETE', 'chats/:', ({ simulator, id }) => simulator.deleteChat(id)),
  bodyRoute('POST', 'chats/:/send', sent, ({ simulator, id, body: { at, ...options } }) => {
    const message = simulator.sendMessage(id, {
      ...options,
      ...(at === undefined ? {} : { at: parseInstant(at) }),
    });
    return messageObject(simulator.chat(id), message);
  }),
  bodyRoute('POST', 'chats/:/receive', received, ({ simulator, id, body: { text, at, ...options } }) => {
    const given = at === undefined ? {} : { at: parseInstant(at) };
    return messageObject(simulator.chat(id), simulator.receiveMessage(id, text, { ...options, ...given }));
  }),
  bodyRoute('POST', 'chats/:/fail', failure, ({ simulator, id, body }) =>
    messageObject(simulator.chat(id), simulator.failMessage(id, body)),
  ),
  plainRoute('POST', 'chats/:/leave', ({ simulator, id }) => simulator.leaveChat(id)),
  plainRoute('POST', 'chats/:/join', ({ simulator, id }) => simulator.joinChat(id)),
  bodyRoute('POST', 'subscriptions', newSubscription, ({ simulator, body }) => {
    const subscription = simulator.subscribe(body);
    return { ...subscriptionObject(subscription), signing_secret: subscription.signingSecret };
  }),
  bodyRoute('POST', 'deliver', delivery, ({ simulator, body }) => simulator.deliver(JSON.stringify(body))),
  bodyRoute('POST', 'faults', fault, ({ simulator, body }) => {
    simulator.fail(body);
  }),
  plainRoute('DELETE', 'faults', ({ simulator }) => simulator.clearFaults()),
  bodyRoute('PUT', 'behaviour', behaviour, ({ simulator, body }) => simulator.behave(body)),
  plainRoute('GET', 'calls', ({ simulator, query }) => {
    const chatId = query.get('chatId');
    const calls = chatId === null ? simulator.calls : simulator.callsOf(chatId);
    return { calls: calls.map(callObject) };
  }),
  plainRoute('GET', 'deliveries', ({ simulator, query }) => {
    const chatId = query.get('chatId');
    return { deliveries: simulator.deliveries.filter((sent) => chatId === null || sent.chatId === chatId) };
  }),
  plainRoute('GET', 'state', ({ simulator }) => ({
    baseUrl: simulator.baseUrl,
    seed: simulator.seed,
    pendingDeliveries: simulator.pendingDeliveries(),
  })),
];

const callObject = (call: ShareCall) => ({ ...call, arrivedAt: iso(call.arrivedAt) });

function parseInstant(instant: string): number {
  const at = Date.parse(instant);
  if (Number.isNaN(at)) throw new SimulatorError(`not an ISO 8601 time: ${instant}`);
  return at;
}
