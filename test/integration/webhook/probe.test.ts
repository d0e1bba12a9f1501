import { describe, expect, it } from 'vitest';
import { PROBE_EVENT_TYPE, PROBE_PROOF_HEADER } from '../../../src/webhook/probe.ts';
import { OTHER_SECRET, SECRET, sign, signLegacy } from '../../helpers/deliver.ts';
import { NOW, startRoute } from './server.ts';

const PROBE = { event_type: PROBE_EVENT_TYPE, data: {} };
const FOREIGN_SECRET = `whsec_${Buffer.from('nobody here knows these 32 bytes').toString('base64')}`;

describe('a probe', () => {
  it('leaves nothing behind: neither stored nor quarantined nor counted as one of Linq’s', async () => {
    const route = await startRoute();
    expect(await route.deliver(PROBE)).toMatchObject({ status: 204, body: '' });
    expect([route.recorded, route.quarantined]).toEqual([[], []]);
    expect(route.counters).toMatchObject({ accepted: 0, ignored: 0, quarantined: 0, lastAcceptedAt: null });
    expect(route.deliveries.newest()).toMatchObject([{ eventType: PROBE_EVENT_TYPE, verdict: 'ignored' }]);
  });

  it('gets the same proof from the same process, whichever secret signed it and whatever else it holds', async () => {
    const route = await startRoute();
    const proofs = [];
    for (const [event, secret] of [
      [PROBE, SECRET],
      [{ ...PROBE, data: { more: 1 } }, OTHER_SECRET],
    ] as const)
      proofs.push((await route.deliver(event, { webhookId: 'a', secret })).headers[PROBE_PROOF_HEADER]);
    expect(proofs[0]).toMatch(/^[\w-]{43}$/);
    expect(proofs[1]).toBe(proofs[0]);
    expect((await route.deliver(PROBE, { webhookId: 'b' })).headers[PROBE_PROOF_HEADER]).not.toBe(proofs[0]);
  });

  it('gets another proof from another process', async () => {
    const [one, other] = [await startRoute(), await startRoute()];
    const [mine, theirs] = [
      await one.deliver(PROBE, { webhookId: 'a' }),
      await other.deliver(PROBE, { webhookId: 'a' }),
    ];
    expect(mine.headers[PROBE_PROOF_HEADER]).not.toBe(theirs.headers[PROBE_PROOF_HEADER]);
  });

  it.each([
    ['without a signature', () => ({ 'content-type': 'application/json' })],
    ['with a wrong one', (body: string) => sign(body, { at: NOW, secret: FOREIGN_SECRET })],
    ['with an old one', (body: string) => sign(body, { at: NOW - 301_000 })],
  ])('%s proves nothing', async (_name, headersOf) => {
    const route = await startRoute();
    const body = JSON.stringify(PROBE);
    const { status, headers } = await route.post(body, headersOf(body));
    expect(status).toBe(401);
    expect(headers).not.toHaveProperty(PROBE_PROOF_HEADER);
  });

  it('with a legacy signature, which covers no id, proves nothing', async () => {
    const route = await startRoute();
    const body = JSON.stringify(PROBE);
    const { status, headers } = await route.post(body, signLegacy(body, { at: NOW }));
    expect(status).toBe(204);
    expect(headers).not.toHaveProperty(PROBE_PROOF_HEADER);
  });

  it('is all that is answered with a proof', async () => {
    const route = await startRoute();
    const { status, headers } = await route.deliver({ event_type: 'chat.from_the_future', data: null });
    expect(status).toBe(204);
    expect(headers).not.toHaveProperty(PROBE_PROOF_HEADER);
  });
});
