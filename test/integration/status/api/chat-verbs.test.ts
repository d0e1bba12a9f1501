import { describe, expect, it } from 'vitest';
import type { LinqAnswer } from '../../../../src/decide/outcome.ts';
import { HOUR } from '../../../../src/decide/time.ts';
import { answerOf, inboundOf, outboundOf, silenceOf, T } from '../../../helpers/builders.ts';
import { startService } from './verbs-harness.ts';

const SHARED_IN_CHAT_1 = { events: [outboundOf(T)] };

describe('chat list', () => {
  it('lists a page, and tells how to go on', async () => {
    const { run, idle } = await startService({
      events: [outboundOf(T, { chatId: 'a' }), outboundOf(T, { chatId: 'b' }), inboundOf(T, { chatId: 'c' })],
    });
    await idle();
    const { exitCode, out } = await run('chat list --limit 2');
    expect(exitCode).toBe(0);
    expect(out).toBe(
      [
        'CHAT  LINE         STATE    REASON  SHARES  NEXT ATTEMPT',
        'a     +1•••••0100  waiting  window  1       2026-11-04 16:00:00 UTC',
        'b     +1•••••0100  waiting  window  1       2026-11-04 16:00:00 UTC',
        '',
        'More chats: add --cursor 2',
        '',
      ].join('\n'),
    );
    expect((await run('chat list --cursor 2')).out).toContain('c     –     held   no_outbound  0       –\n');
  });

  it('filters by state, reason and line', async () => {
    const { run, idle } = await startService(SHARED_IN_CHAT_1);
    await idle();
    const list = async (filter: string) =>
      JSON.parse((await run(`chat list --json ${filter}`)).out).chats.length;
    expect(await list('--state waiting --reason window --line +12025550100')).toBe(1);
    expect(await list('--state held')).toBe(0);
    expect(await list('--line +12025550199')).toBe(0);
    expect((await run('chat list --state held')).out).toBe('No chats found.\n');
  });

  it('ends with 2 for a filter that is not allowed, and says what is', async () => {
    const { run } = await startService();
    expect(await run('chat list --state DUE')).toMatchObject({
      exitCode: 2,
      error: expect.stringContaining('"state" must be one of retired, held'),
    });
  });
});

describe('chat show', () => {
  it('shows facts, explanation and attempts', async () => {
    const { run, idle } = await startService(SHARED_IN_CHAT_1);
    await idle();
    const { exitCode, out } = await run('chat show chat-1');
    expect(exitCode).toBe(0);
    expect(out).toContain(
      'state           waiting (window)\n                Shared at 2026-11-03 16:00:00 UTC. Next share',
    );
    expect(out).toContain('group           no\n');
    expect(out).toContain('last inbound    –\n');
    expect(out).toContain('2026-11-03 16:00:00 UTC  became_eligible  shared   204   –          –\n');
  });

  it('ends with 1 for a chat that is not known, and prints the error as JSON when asked to', async () => {
    const { run } = await startService();
    const { exitCode, out, error } = await run('chat show no/body --json');
    expect(exitCode).toBe(1);
    expect(JSON.parse(out)).toMatchObject({ statusCode: 404, code: 'CHAT_NOT_FOUND' });
    expect(error).toContain('Unknown chat "no/body"');
  });
});

describe('a chat named by how its id begins', () => {
  const ids = ['ab-1', 'ab-2', 'ab', 'c-1'];
  const start = () =>
    startService({ events: ids.map((chatId) => outboundOf(T, { chatId, service: 'SMS' })) });

  it('is found if it is the only one; an id in full always is', async () => {
    const { run } = await start();
    expect((await run('chat show c')).out).toMatch(/^chat +c-1\n/);
    expect((await run('chat show ab')).out).toMatch(/^chat +ab\n/);
    expect((await run('chat hold c-')).out).toContain('Chat c-1 is held (operator).');
    expect((await run('chat release c-')).out).toContain('Chat c-1 is held (not_imessage).');
  });

  it('is listed with the others if there are several, and nothing is done', async () => {
    const { run, get } = await start();
    expect(await run('chat hold ab-')).toEqual({
      exitCode: 1,
      out: '',
      error: 'Several chats begin so; type more of the id:\n  ab-1\n  ab-2\n',
    });
    expect((await get('/status/chats?reason=operator')).body.chats).toEqual([]);
    const { exitCode, out } = await run('chat share a --json');
    expect(exitCode).toBe(1);
    expect(JSON.parse(out).chats).toHaveLength(3);
  });

  it('lists them in the order that is asked for', async () => {
    const { run } = await start();
    expect((await run('chat list --prefix ab-')).out.match(/^ab-\d/gm)).toEqual(['ab-1', 'ab-2']);
    expect((await run('chat list --sort first_seen --order desc')).out.match(/^\S+/gm)).toEqual([
      'CHAT',
      'c-1',
      'ab',
      'ab-2',
      'ab-1',
    ]);
    expect(await run('chat list --sort size')).toMatchObject({
      exitCode: 2,
      error: expect.stringContaining('"sort" must be one of first_seen, last_message'),
    });
  });
});

describe('chat share', () => {
  it('shares now and tells what came of it', async () => {
    const { run, clock, shared, idle } = await startService(SHARED_IN_CHAT_1);
    await idle();
    clock.advance(HOUR);
    const { exitCode, out } = await run('chat share chat-1');
    expect(exitCode).toBe(0);
    expect(out).toContain('The card was shared (HTTP 204).\nChat chat-1 is waiting (window). Shared at');
    expect(shared).toEqual(['chat-1', 'chat-1']);
  });

  it('ends with 1 when Linq refuses it', async () => {
    const { run, idle } = await startService({ ...SHARED_IN_CHAT_1, share: async () => answerOf(400, 1005) });
    await idle();
    const { exitCode, out } = await run('chat share chat-1');
    expect(exitCode).toBe(1);
    expect(out).toContain(
      'Linq refused to share the card (HTTP 400, code 1005: a parameter has a wrong value).\n',
    );
  });

  it.each([
    ['fails', answerOf(500, 3006), 'The card wasn’t shared (HTTP 500, code 3006'],
    ['isn’t answered', silenceOf(), 'Linq didn’t answer, so it isn’t known whether the card was shared.\n'],
  ])('promises no retry when it %s in a chat that is done', async (_, answer, says) => {
    const answers: LinqAnswer[] = [answerOf(204), answer];
    const { run, idle, clock } = await startService({
      events: [outboundOf(T)],
      policy: { reshare: 'once' },
      share: async () => answers.shift() ?? answerOf(204),
    });
    await idle();
    clock.advance(HOUR);
    const { exitCode, out } = await run('chat share chat-1');
    expect(exitCode).toBe(1);
    expect(out).toContain(says);
    expect(out).toContain('Chat chat-1 is done (shared_once). Shared at 2026-11-03 16:00:00 UTC.');
    expect(out).not.toContain('retried');
  });

  it('ends with 1 and the reason when the chat may not be shared', async () => {
    const { run, idle } = await startService(SHARED_IN_CHAT_1);
    await idle();
    await run('chat hold chat-1');
    const { exitCode, out, error } = await run('chat share chat-1 --json');
    expect(exitCode).toBe(1);
    expect(JSON.parse(out)).toMatchObject({ code: 'NOT_SHAREABLE', state: 'held', reason: 'operator' });
    expect(error).toContain('This chat can’t be shared now. Held by an operator since');
  });

  it('tells when the share waits or is still under way', async () => {
    const { run, clock, dispatcher, idle } = await startService(SHARED_IN_CHAT_1);
    await idle();
    let note: () => void = () => {};
    const asked = new Promise<void>((resolve) => {
      note = resolve;
    });
    dispatcher.shareManually = () => {
      setImmediate(note); // after the route has begun to wait
      return new Promise(() => {});
    };
    const running = run('chat share chat-1');
    await asked;
    clock.advance(10_000);
    expect(await running).toMatchObject({
      exitCode: 0,
      out: expect.stringContaining('The share is queued; `chat show` shows its outcome.\n'),
    });
  });
});

describe('chat hold and release', () => {
  it('hold and release one chat', async () => {
    const { run, idle } = await startService(SHARED_IN_CHAT_1);
    await idle();
    expect(await run('chat hold chat-1')).toMatchObject({
      exitCode: 0,
      out: 'Chat chat-1 is held (operator). Held by an operator since 2026-11-03 16:00:00 UTC. Release the chat to share again.\n',
    });
    expect(await run('chat release chat-1')).toMatchObject({
      exitCode: 0,
      out: expect.stringContaining('Chat chat-1 is waiting (window).'),
    });
    expect((await run('chat hold nobody')).exitCode).toBe(1);
  });
});
