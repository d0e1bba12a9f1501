import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { until } from '../helpers/status.ts';
import { ask, PATH } from './asking.ts';
import type { StartProxy } from './proxy.ts';
import { startUpstream, type Upstream } from './upstream.ts';

/** What every proxy that is shipped must do with several replicas. @param repeats a delivery that a replica didn't accept */
export function describeReplicas(name: string, startProxy: StartProxy, repeats: boolean): void {
  async function startTwo() {
    const [one, other] = [await startUpstream(), await startUpstream()];
    const proxy = await startProxy(`${one.address} ${other.address}`);
    const deliver = (body = Buffer.from('{}')) => ask(proxy, PATH, { method: 'POST', body });
    const posted = ({ requests }: Upstream) => requests.filter(({ method }) => method === 'POST').length;
    /** Delivers until the proxy has noticed something. */
    const deliverUntil = async (isNoticed: () => boolean) => {
      await until(async () => (await deliver()).status, isNoticed, { tries: 200, everyMs: 50 });
    };
    return { one, other, proxy, deliver, posted, deliverUntil };
  }

  describe(`two replicas behind ${name}`, () => {
    it('both get requests', async () => {
      const { one, other, posted, deliverUntil } = await startTwo();
      await deliverUntil(() => posted(one) > 2 && posted(other) > 2);
    });

    it('one isn’t ready: the other gets all, and both again afterwards', async () => {
      const { one, other, deliver, posted, deliverUntil } = await startTwo();
      one.be('not ready');
      let [before, statuses]: [number, number[]] = [posted(one), []];
      await until(
        async () => {
          const { status } = await deliver();
          statuses = posted(one) === before ? [...statuses, status] : [];
          before = posted(one);
          return statuses;
        },
        (those) => those.length >= 10,
        { tries: 300, everyMs: 50 },
      );
      expect(statuses).toEqual(Array(10).fill(204));
      one.be('ready');
      const [ofOne, ofOther] = [posted(one), posted(other)];
      await deliverUntil(() => posted(one) > ofOne && posted(other) > ofOther);
    });

    it('one is gone: the other gets all, whole', async () => {
      const { one, other, deliver } = await startTwo();
      await one.stop();
      const body = randomBytes(300_000);
      const statuses: number[] = [];
      await until(
        async () => statuses.push((await deliver(body)).status),
        () => statuses.slice(-10).filter((status) => status === 204).length === 10,
        { tries: 200, everyMs: 50 },
      );
      if (repeats) expect(statuses).toEqual(Array(10).fill(204));
      expect(statuses.join()).not.toMatch(/(50\d,){5}/); // it takes its turns from the first
      expect(other.requests.at(-1)?.body.equals(body)).toBe(true);
    });

    it('one dies while it has a request: a share isn’t repeated, and a delivery only if it can be', async () => {
      const { one, other, proxy, deliver, posted, deliverUntil } = await startTwo();
      for (const upstream of [one, other]) upstream.be('cut');
      const before = posted(one) + posted(other);
      const share = await ask(proxy, '/status/chats/a/share', { method: 'POST', body: Buffer.from('{}') });
      expect([share.status, posted(one) + posted(other) - before]).toEqual([502, 1]);
      for (const upstream of [one, other]) upstream.be('ready');
      const [ofOne, ofOther] = [posted(one), posted(other)];
      await deliverUntil(() => posted(one) > ofOne + 1 && posted(other) > ofOther + 1);
      one.be('cut');
      const body = randomBytes(300_000);
      const seen = posted(one);
      const status = await until(
        async () => (await deliver(body)).status,
        () => posted(one) > seen,
        { tries: 200, everyMs: 50 },
      );
      expect(status).toBe(repeats ? 204 : 502);
      if (repeats) expect(other.requests.at(-1)?.body.equals(body)).toBe(true);
    });
  });
}
