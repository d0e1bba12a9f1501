import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, it } from 'vitest';
import { CORE_EVENTS } from '../../../src/decide/subscription.ts';
import type { Payload } from '../../../src/simulator/payloads.ts';
import { createTestClient, http, startRawServer } from '../linq/raw-server.ts';
import { LINE, startReceiver, startSimulator } from './harness.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const fixtures = join(root, 'test/fixtures/linq');

const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0)) await cleanUp();
});

const EVENT_TYPES: Readonly<Record<string, string>> = {
  'message.sent': 'MessageSent',
  'message.received': 'MessageReceived',
  'message.delivered': 'MessageDelivered',
  'message.read': 'MessageRead',
  'message.failed': 'MessageFailed',
  'chat.created': 'ChatCreated',
  'participant.added': 'ParticipantAdded',
  'participant.removed': 'ParticipantRemoved',
  'phone_number.status_updated': 'PhoneNumberStatusUpdated',
};

/** The SDK types a cursor as text alone; on the last page it is null. */
const page = (items: string, type: string) => `{ ${items}: LinqAPIV3.${type}[]; next_cursor: string | null }`;

const API_TYPES: readonly (readonly [start: string, type: string])[] = [
  ['chats.list', page('chats', 'Chat')],
  ['chats.messages-list', page('messages', 'Message')],
  ['chats.retrieve', 'LinqAPIV3.Chat'],
  ['contact_card.', 'LinqAPIV3.ContactCardRetrieveResponse'],
  ['phone_numbers.list', 'LinqAPIV3.PhoneNumberListResponse'],
  ['webhook_subscriptions.create', 'LinqAPIV3.WebhookSubscriptionCreateResponse'],
  ['webhook_subscriptions.list', 'LinqAPIV3.WebhookSubscriptionListResponse'],
];

const eventType = (type: string): string | null =>
  EVENT_TYPES[type] === undefined ? null : `LinqAPIV3.${EVENT_TYPES[type]}WebhookEvent`;

interface Literal {
  readonly name: string;
  readonly type: string;
  readonly json: string;
}

/** Compiles each literal against its type with excess properties refused; returns the names that don't fit. */
async function misfits(literals: readonly Literal[]): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'sdk-types-'));
  cleanUps.push(() => rmSync(folder, { recursive: true }));
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  for (const { name, type, json } of literals)
    writeFileSync(
      join(folder, `${name}.ts`),
      `import type { LinqAPIV3 } from '@linqapp/sdk';\nexport const sample: ${type} = ${json};\n`,
    );
  const options = { strict: true, noEmit: true, module: 'nodenext', target: 'es2023', skipLibCheck: true };
  writeFileSync(
    join(folder, 'tsconfig.json'),
    JSON.stringify({ compilerOptions: { ...options, types: [] }, include: ['*.ts'] }),
  );
  const output = await new Promise<string>((resolve) => {
    const tsc = join(root, 'node_modules/typescript/bin/tsc');
    execFile(process.execPath, [tsc, '-p', folder, '--pretty', 'false'], (_error, stdout, stderr) =>
      resolve(stdout + stderr),
    );
  });
  const names = output
    .split('\n')
    .flatMap((line) => /(?:^|\/)([^/]+)\.ts\(\d+,\d+\): error/.exec(line)?.[1] ?? []);
  if (names.length === 0 && output.trim() !== '') throw new Error(output);
  return [...new Set(names)].sort();
}

const control: Literal = {
  name: 'negative-control',
  type: 'LinqAPIV3.ContactCardRetrieveResponse',
  json: '{ contact_cards: [{ phone_number: 1 }] }',
};

it('types our fixtures, but for the fields that are newer than the SDK', async () => {
  const webhooks = readdirSync(join(fixtures, 'webhooks/2026-02-03')).flatMap((file): Literal[] => {
    const json = readFileSync(join(fixtures, 'webhooks/2026-02-03', file), 'utf8');
    const type = eventType((JSON.parse(json) as Payload).event_type);
    return type === null ? [] : [{ name: file.replace('.json', ''), type, json }];
  });
  const answers = readdirSync(join(fixtures, 'api')).flatMap((file): Literal[] => {
    const type = API_TYPES.findLast(([start]) => file.startsWith(start))?.[1];
    const json = readFileSync(join(fixtures, 'api', file), 'utf8');
    return type === undefined ? [] : [{ name: `api-${file.replace('.json', '')}`, type, json }];
  });
  expect([webhooks.length, answers.length]).toEqual([12, 13]);
  expect(await misfits([...webhooks, ...answers, control])).toEqual([
    'message.failed',
    'message.sent-reconciled',
    'negative-control',
  ]);
});

it('types what the simulator sends and answers, but for the newer fields of message.failed', async () => {
  const { simulator, call } = await startSimulator({ behaviour: { eventTypes: 27 } }); // those that it types
  const receiver = await startReceiver();
  cleanUps.push(simulator.stop, receiver.stop);
  simulator.subscribe({ targetUrl: receiver.url });
  const { chatId } = simulator.createChat({ line: LINE, isGroup: true });
  simulator.sendMessage(chatId, { read: true });
  simulator.receiveMessage(chatId, 'Hi');
  simulator.failMessage(chatId);
  simulator.leaveChat(chatId);
  simulator.joinChat(chatId);
  simulator.flagLine(LINE, 'FLAGGED', 'CRITICAL');
  await simulator.settled();
  const sent = receiver.received.map(({ event, body }): Literal => {
    return { name: event.event_type, type: eventType(event.event_type) ?? 'never', json: body };
  });
  const answered = async (name: string, type: string, path: string): Promise<Literal> => {
    return { name, type, json: await (await call('GET', path)).text() };
  };
  const answers = [
    await answered('api-chats', page('chats', 'Chat'), 'chats'),
    await answered('api-chat', 'LinqAPIV3.Chat', `chats/${chatId}`),
    await answered('api-messages', page('messages', 'Message'), `chats/${chatId}/messages`),
    await answered('api-card', 'LinqAPIV3.ContactCardRetrieveResponse', 'contact_card'),
    await answered('api-lines', 'LinqAPIV3.PhoneNumberListResponse', 'phone_numbers'),
    await answered('api-events', 'LinqAPIV3.WebhookEventListResponse', 'webhook-events'),
    await answered('api-subscriptions', 'LinqAPIV3.WebhookSubscriptionListResponse', 'webhook-subscriptions'),
  ];
  expect(sent).toHaveLength(9);
  expect(await misfits([...sent, ...answers, control])).toEqual(['message.failed', 'negative-control']);
});

it('types what we ask Linq to create and to change', async () => {
  const server = await startRawServer((socket) => socket.write(http(500)));
  const client = createTestClient(server.origin);
  cleanUps.push(client.close, server.stop);
  const targetUrl = 'https://reactor.example.com/webhooks/linq?version=2026-02-03';
  const asked = async (name: string, type: string, call: () => Promise<unknown>): Promise<Literal> => {
    await call();
    return { name, type: `LinqAPIV3.${type}`, json: server.requests.at(-1)?.body ?? '' };
  };
  const events = CORE_EVENTS; // those of contact cards are newer than these types
  const all = { targetUrl, events, isActive: true, lines: [LINE] };
  const card = { line: LINE, firstName: 'Ann', lastName: 'Lee', imageUrl: 'https://a.example/a.jpg' };
  const literals = [
    await asked('created', 'WebhookSubscriptionCreateParams', () => client.createSubscription(all)),
    await asked('updated', 'WebhookSubscriptionUpdateParams', () => client.updateSubscription('a', all)),
    await asked('widened', 'WebhookSubscriptionUpdateParams', () =>
      client.updateSubscription('a', { lines: null }),
    ),
    await asked('carded', 'ContactCardCreateParams', () => client.createContactCard(card)),
  ];
  expect(await misfits([...literals, control])).toEqual(['negative-control']);
});
