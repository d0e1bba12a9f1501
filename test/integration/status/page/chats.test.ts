import { describe, expect, it } from 'vitest';
import { CHAT_STATES } from '../../../../src/decide/chat.ts';

import { inboundOf, LINE, OTHER_LINE, outboundOf, T } from '../../../helpers/builders.ts';
import { browse, chatsOn, textOf } from './browsing.ts';

const MASKED = '+1•••••0100';
const FEW = [
  outboundOf(T, { chatId: 'shared' }),
  outboundOf(T, { chatId: 'other', line: OTHER_LINE }),
  outboundOf(T, { chatId: 'sms', service: 'SMS' }),
  inboundOf(T, { chatId: 'quiet' }),
];

describe('GET /chats', () => {
  it('lists every chat with its state, its reason in words, and its line masked', async () => {
    const { open, idle } = await browse({ events: FEW });
    await idle();
    const { status, headers, body } = await open('/chats');
    expect(status).toBe(200);
    expect(headers['content-security-policy']).toContain("default-src 'none'");
    expect(chatsOn(body).sort()).toEqual(['other', 'quiet', 'shared', 'sms']);
    const text = textOf(body);
    expect(text).toContain(`shared ${MASKED} iMessage Waiting Shared, window open just now just now in 24 h`);
    expect(text).toContain(`sms ${MASKED} SMS Held Not iMessage just now never –`);
    expect(text).toContain('quiet not known not known Held Nothing sent yet none never –');
    expect(text).toContain('1–4 of 4');
    expect(text).not.toContain(LINE);
  });

  it('shows numbers in full only with SHOW_NUMBERS', async () => {
    const { open } = await browse({ events: FEW, deps: { showNumbers: true } });
    expect(textOf((await open('/chats')).body)).toContain(LINE);
  });

  it.each([OTHER_LINE, ` ${OTHER_LINE.slice(1)}`])(
    'never shows a line in full that “%s” names',
    async (line) => {
      const { open } = await browse({ events: FEW });
      const { body } = await open(`/chats?line=${encodeURIComponent(line)}`);
      expect(chatsOn(body)).toEqual(['other']);
      expect(body).not.toContain(OTHER_LINE.slice(1));
      expect(body.match(/<option[^>]*>\+1•••••0101</g)).toHaveLength(1);
    },
  );

  it.each([
    ['state=held', ['quiet', 'sms']],
    ['reason=no_outbound', ['quiet']],
    ['state=waiting&reason=window', ['other', 'shared']],
    [`line=${encodeURIComponent(MASKED)}`, ['shared', 'sms']],
    [`line=${encodeURIComponent(OTHER_LINE)}&state=waiting`, ['other']],
    ['state=retired', []],
    ['state=&reason=&line=&q=', ['other', 'quiet', 'shared', 'sms']], // as forms send what nobody filled in
  ])('filters as the JSON list does: %s', async (query, expected) => {
    const { open, idle } = await browse({ events: FEW });
    await idle();
    expect(chatsOn((await open(`/chats?${query}`)).body).sort()).toEqual(expected);
  });

  it('shows what a closed account holds as held', async () => {
    const { open, dispatcher, idle } = await browse({ events: [outboundOf(T)], cards: [] });
    await dispatcher.pause();
    await idle();
    const { body } = await open('/chats?state=held&reason=paused');
    expect(chatsOn(body)).toEqual(['chat-1']);
    expect(textOf(body)).toContain('Paused (1)');
    expect(chatsOn((await open('/chats?state=due')).body)).toEqual([]);
  });

  it('counts the chats of every state, of the chosen line if one is chosen', async () => {
    const { open, idle } = await browse({ events: FEW });
    await idle();
    const chips = (body: string) => textOf(body.split('class="chips"')[1]?.split('</ul>')[0] ?? '');
    const all = (await open('/chats')).body;
    expect(chips(all)).toContain('All 4 Sharing 0 Due 0 Waiting 2 Retrying 0 Idle 0 Held 2 Done 0 Retired 0');
    for (const state of CHAT_STATES) expect(all).toContain(`href="/chats?state=${state}"`);
    const ofLine = (await open(`/chats?line=${encodeURIComponent(OTHER_LINE)}`)).body;
    expect(chips(ofLine)).toContain('All 1 Sharing 0 Due 0 Waiting 1');
    expect(ofLine).toContain(`href="/chats?state=held&amp;line=${encodeURIComponent('+1•••••0101')}"`);
  });

  const linkOn = (body: string, rel: 'next' | 'prev') =>
    new RegExp(`rel="${rel}" href="([^"]+)"`).exec(body)?.[1]?.replaceAll('&amp;', '&');

  it.each(['', '&sort=first_seen'])(
    'goes on and back page by page, 50 at a time, the filters kept: %s',
    async (sort) => {
      const ids = Array.from({ length: 120 }, (_, index) => `c-${index}`);
      const events = ids.map((chatId, index) => outboundOf(T - index, { chatId, service: 'SMS' }));
      const { open } = await browse({ events });
      const pages = { next: [] as string[][], prev: [] as string[][] };
      let last = `/chats?state=held${sort}`;
      for (const rel of ['next', 'prev'] as const) {
        for (let url: string | undefined = last; url !== undefined; ) {
          const { body }: { body: string } = await open(url);
          const page = pages[rel].push(chatsOn(body));
          const range = rel === 'next' ? ['1–50', '51–100', '101–120'] : ['101–120', '51–100', '1–50'];
          expect(textOf(body)).toContain(`${range[page - 1]} of 120`);
          expect(body).toContain('href="/status/chats.csv?state=held" download');
          last = url;
          url = linkOn(body, rel);
          if (url !== undefined) expect(url).toContain('state=held&');
        }
      }
      expect(pages.next.flat()).toEqual(ids);
      expect(pages.prev).toEqual(pages.next.toReversed());
    },
  );

  it('sorts by a column, and the other way round at the second click', async () => {
    const events = ['a', 'b', 'c'].map((chatId, index) => outboundOf(T - index, { chatId, service: 'SMS' }));
    const { open } = await browse({ events });
    const headOf = (body: string, name: string) =>
      new RegExp(`<th [^>]*>(<a [^>]*>)?${name}<`).exec(body)?.[0] ?? '';
    const first = (await open('/chats?state=held')).body;
    expect(headOf(first, 'Last message')).toContain(
      'aria-sort="descending"><a href="/chats?state=held&amp;sort=last_message&amp;order=asc"',
    );
    expect(headOf(first, 'Last share')).toBe(
      '<th scope="col"><a href="/chats?state=held&amp;sort=last_share">Last share<',
    );
    expect(headOf(first, 'Line')).toBe('<th scope="col">Line<');
    const second = (await open('/chats?state=held&sort=last_message&order=asc')).body;
    expect(chatsOn(second)).toEqual(['c', 'b', 'a']);
    expect(headOf(second, 'Last message')).toContain('aria-sort="ascending"');
    expect(second).toContain('<input type="hidden" name="order" value="asc">');
  });

  it('lists the newest chats first when too many match to sort them, and says so', async () => {
    const events = ['a', 'b'].map((chatId, index) => outboundOf(T - index, { chatId, service: 'SMS' }));
    const { open, store } = await browse({ events });
    store.counts = async () => [{ line: LINE, state: 'held', reason: 'not_imessage', count: 5_001 }];
    for (const query of ['', '?sort=last_share', '?cursor=m7.7']) {
      const { body } = await open(`/chats${query}`);
      expect(chatsOn(body)).toEqual(['b', 'a']);
      expect(textOf(body)).toContain(
        'Over 5,000 chats match, too many to sort by message or share: the newest chats are first.',
      );
      expect(body).not.toContain('sort=last_message');
      expect(body).toContain('sort=next_attempt');
    }
  });

  it('leads straight to the chat whose id is searched for', async () => {
    const events = ['chat-1', 'chat-12', 'a/b+c?d'].map((chatId) => outboundOf(T, { chatId }));
    const { open } = await browse({ events });
    expect(await open('/chats?q=%20chat-1%20')).toMatchObject({ status: 303, location: '/chats/chat-1' });
    const odd = await open(`/chats?q=${encodeURIComponent('a/b+c?d')}`);
    expect(odd.location).toBe('/chats/a%2Fb%2Bc%3Fd');
    expect((await open(String(odd.location))).status).toBe(200);
  });

  it('finds chats by how their id begins, literally, and says when there are more', async () => {
    const events = [
      ...Array.from({ length: 51 }, (_, index) => outboundOf(T, { chatId: `many-${index}` })),
      outboundOf(T, { chatId: 'few-1' }),
      outboundOf(T, { chatId: 'few%' }),
    ];
    const { open } = await browse({ events });
    expect(chatsOn((await open('/chats?q=few')).body)).toEqual(['few%', 'few-1']);
    expect(chatsOn((await open('/chats?q=few%25')).body)).toEqual([]); // it leads to the chat
    expect(chatsOn((await open('/chats?q=_ew')).body)).toEqual([]);
    const { body } = await open('/chats?q=many-');
    expect(chatsOn(body)).toHaveLength(50);
    expect(textOf(body)).toContain('There are more matches');
    expect(textOf((await open('/chats?q=none')).body)).toContain('No chat matches.');
  });

  it('says what to expect while no chat is known', async () => {
    const { open } = await browse();
    expect(textOf((await open('/chats')).body)).toContain('No chats yet.');
  });

  it.each([
    'state=asleep',
    'reason=x',
    'line=x',
    'cursor=x',
    'before=x',
    'sort=x',
    'order=x',
    'from=0',
    'q=a&q=b',
  ])('refuses %s on a page that says what is allowed', async (query) => {
    const { open } = await browse({ events: FEW });
    const { status, body } = await open(`/chats?${query}`);
    expect(status).toBe(400);
    expect(body).toContain('<code>BAD_PARAMETER</code>');
  });

  it('lets nothing that came from outside be markup', async () => {
    const hostile = '"><script>alert(1)</script>';
    const { open } = await browse({ events: [outboundOf(T, { chatId: hostile, service: hostile })] });
    for (const url of ['/chats', `/chats?q=${encodeURIComponent(hostile.slice(0, 9))}`]) {
      const { body } = await open(url);
      expect(body).toContain('&lt;script&gt;');
      expect(body.match(/<script/g)).toHaveLength(1);
    }
  });
});
