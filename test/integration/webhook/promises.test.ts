import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { StoreError } from '../../../src/errors.ts';
import { parseDelivery } from '../../../src/webhook/parse.ts';
import type { WebhookDeps } from '../../../src/webhook/route.ts';
import { message2025, message2026, SECRET, sign, signLegacy } from '../../helpers/deliver.ts';
import { NOW, startRoute } from './server.ts';

const OTHER = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
const faults = ['none', 'store', 'unstorable', 'parser', 'quarantine', 'sealing', 'all'] as const;
type Fault = (typeof faults)[number];

/** A route whose parts fail as the property says. */
async function startBreakable() {
  const state: { fault: Fault } = { fault: 'none' };
  const breakIf = (...these: Fault[]) => {
    if (these.includes(state.fault)) throw new StoreError('io', 'broken');
  };
  const overrides: Partial<WebhookDeps> = {
    parse: (raw) => {
      breakIf('parser', 'all');
      return parseDelivery(raw);
    },
    record: async () => {
      breakIf('store', 'all');
      return state.fault === 'unstorable' || state.fault === 'quarantine'
        ? { unstorable: 'CHECK' }
        : 'stored';
    },
    quarantine: async () => breakIf('quarantine', 'all'),
    seal: () => {
      breakIf('sealing', 'all');
      return Buffer.alloc(0);
    },
  };
  return { state, route: await startRoute(overrides) };
}

const body = fc.oneof(
  fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
  fc.json().map((text) => Buffer.from(text)),
  fc.constantFrom(message2026, message2025).map((message) => Buffer.from(JSON.stringify(message()))),
  fc
    .record({ event_type: fc.constantFrom('message.sent', 'chat.created', 'x', 5), data: fc.jsonValue() })
    .map((event) => Buffer.from(JSON.stringify(event))),
);

describe('the promises of the way in', () => {
  it('an authentic, fresh delivery is never answered 4xx, and 2xx only when it is safe', {
    timeout: 60_000,
  }, async () => {
    const { state, route } = await startBreakable();
    const seen = new Set<string>();
    await fc.assert(
      fc.asyncProperty(
        body,
        fc.constantFrom(...faults),
        fc.integer({ min: -300, max: 300 }),
        async (raw, fault, age) => {
          state.fault = fault;
          const { status } = await route.post(raw, sign(raw, { at: NOW - age * 1000 }));
          seen.add(`${fault} ${status}`);
          expect([202, 204, 503]).toContain(status);
          if (fault === 'all' || fault === 'parser') expect(status).toBe(503);
        },
      ),
      { numRuns: 1_500 },
    );
    expect([...seen].sort()).toEqual([
      'all 503',
      'none 202',
      'none 204',
      'parser 503',
      'quarantine 204',
      'quarantine 503',
      'sealing 204',
      'sealing 503',
      'store 202',
      'store 204',
      'store 503',
      'unstorable 202',
      'unstorable 204',
    ]);
  });

  it('no number, text, secret or signature gets into a log line or an answer, whatever the verdict', async () => {
    const { state, route } = await startBreakable();
    const event = { line: '+12025550199', text: 'canary words' };
    const answers = [];
    for (const fault of faults) {
      state.fault = fault;
      for (const message of [message2026, message2025]) {
        answers.push(
          await route.deliver(message(event)),
          await route.deliver(message({ ...event, isOutbound: false })),
        );
        answers.push(
          await route.deliver({ ...message(event), data: { chat_id: '+12025550199', text: 'canary words' } }),
        );
        answers.push(await route.deliver(`{"text":"canary words"`));
      }
    }
    const raw = JSON.stringify(message2026(event));
    const wrong = sign(raw, { at: NOW, secret: OTHER });
    const refused = [
      wrong,
      sign(raw, { at: 0 }),
      { ...wrong, 'webhook-id': 'canary words' },
      signLegacy(raw, { at: 0 }),
    ];
    for (const headers of refused) answers.push(await route.post(raw, headers));
    expect(answers.slice(-4).map(({ status }) => status)).toEqual([401, 401, 401, 401]);
    const told = JSON.stringify(answers) + route.logText();
    expect(told).toContain('delivery.rejected');
    const signature = (wrong['webhook-signature'] ?? '').slice(3, 20);
    for (const canary of [
      'canary',
      '5550199',
      '5550142',
      SECRET.slice(6, 20),
      OTHER.slice(6, 20),
      signature,
    ]) {
      expect(told).not.toContain(canary);
    }
  });
});
