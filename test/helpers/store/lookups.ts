import { describe, expect, it } from 'vitest';
import { LINE, OTHER_LINE, outboundOf, T } from '../builders.ts';
import { chatOfStore, claim, definite, LEASE_MS, type StoreBench } from './use-store.ts';

const UNKNOWN = { line: null, service: null, isGroup: null };
const TOLD = { line: LINE, service: 'iMessage', isGroup: false };

export function describeLookups(bench: StoreBench): void {
  const openWithUnknownChat = async (evidence = {}, policy = {}) => {
    const store = await bench.open(policy);
    await store.record([outboundOf(T, { ...UNKNOWN, ...evidence })], T);
    const [first] = await claim(store, T, { lines: [{ line: null, limit: 1 }] });
    return { store, claim: definite(first) };
  };

  describe('facts that the API told', () => {
    it('fill what no event told, and the chat stays leased', async () => {
      const { store, claim } = await openWithUnknownChat();
      const answer = await store.addLookedUp(claim, TOLD, T + 5);
      expect(answer).toEqual({ chat: await store.chat('chat-1'), isDue: true });
      expect(answer?.chat).toMatchObject({
        ...TOLD,
        lookedUpAt: T + 5,
        lease: { attemptId: claim.attemptId },
      });
      expect(await store.counts(T + 5)).toEqual([
        { line: LINE, state: 'sharing', reason: 'became_eligible', count: 1 },
      ]);
    });

    it('leave what an event told, and give way to any event', async () => {
      const { store, claim } = await openWithUnknownChat({ service: 'iMessage' });
      const answer = await store.addLookedUp(claim, { line: LINE, service: 'SMS', isGroup: null }, T + 5);
      expect(answer?.chat).toMatchObject({ service: 'iMessage', line: LINE, isGroup: null });
      await store.record([outboundOf(1, { ...UNKNOWN, line: OTHER_LINE })], T + 6);
      expect(await chatOfStore(store)).toMatchObject({ line: OTHER_LINE, lookedUpAt: null });
    });

    it.each([
      ['forbid the share', { ...TOLD, service: 'SMS' }, false],
      ['leave the line unknown', { ...TOLD, line: null }, false],
      ['allow the share', TOLD, true],
    ])('decide the claimed chat: they %s', async (_, facts, isDue) => {
      const { store, claim } = await openWithUnknownChat();
      expect(await store.addLookedUp(claim, facts, T + 5)).toMatchObject({ isDue });
    });

    it('bind an operator’s claim only by the rules that bind operators', async () => {
      const { store, claim } = await openWithUnknownChat({}, { shareGroups: false });
      const group = { ...TOLD, isGroup: true };
      expect(await store.addLookedUp(claim, group, T + 5)).toMatchObject({ isDue: false });
      expect(await store.addLookedUp({ ...claim, trigger: 'manual' }, group, T + 5)).toMatchObject({
        isDue: true,
      });
    });

    it('are dropped when the lease was lost', async () => {
      const { store, claim: lost } = await openWithUnknownChat();
      await claim(store, T + LEASE_MS, { lines: [{ line: null, limit: 1 }] });
      const chat = await store.chat('chat-1');
      expect(await store.addLookedUp(lost, TOLD, T + LEASE_MS)).toBeNull();
      expect(await store.chat('chat-1')).toEqual(chat);
    });
  });
}
