import { type Given, startStatus, TOKEN } from '../harness.ts';

/** What a browser sends that knows the token. */
export const LOGGED_IN: Readonly<Record<string, string>> = {
  accept: 'text/html,application/xhtml+xml,*/*;q=0.8',
  authorization: `Basic ${Buffer.from(`anyone:${TOKEN}`).toString('base64')}`,
  'sec-fetch-site': 'same-origin',
};

/** Addresses of links, forms, styles and scripts in a page. */
export const ADDRESSES = /(\s(?:href|src|action)=")([^"#][^"]*)/g;

/** Where a relative address on a page leads. @throws when it isn't relative, or leads above the top */
export function fromTop(address: string, page: string): string {
  const depth = (page.split('?')[0] ?? '').split('/').length - 2;
  const prefix = '../'.repeat(depth) || './';
  if (!address.startsWith(prefix) || address.startsWith(`${prefix}.`))
    throw new Error(`${address} on ${page} isn't relative to the top`);
  return `/${address.slice(prefix.length)}`;
}

/** The pages as a browser gets them: it follows relative addresses. */
export async function browse(given: Given = {}) {
  const status = await startStatus(given);
  const ask =
    (method: 'GET' | 'POST') =>
    async (url: string, headers = LOGGED_IN) => {
      const {
        statusCode,
        headers: told,
        body,
      } = await status.app.inject({ method, url, headers: { ...headers } });
      const location = typeof told.location === 'string' ? fromTop(told.location, url) : told.location;
      const whole = body.replaceAll(ADDRESSES, (_, before: string, to: string) => before + fromTop(to, url));
      return { status: statusCode, location, headers: told, body: whole };
    };
  const [open, submit] = [ask('GET'), ask('POST')];
  return {
    ...status,
    open,
    submit,
    /** Sends a form and goes where that leads. */
    async follow(url: string) {
      const { location } = await submit(url);
      return await open(String(location));
    },
  };
}

/** A page's text as people see it: without the exact times that screen readers add to relative ones. */
export function textOf(body: string): string {
  return body
    .replace(/<title>.*<\/title>/, '')
    .replace(/<span class="hidden">, \d[^<]*<\/span>/g, '')
    .replace(/<[^>]+>/g, ' ')
    .replace(/&#39;/g, "'")
    .replace(/&amp;/g, '&')
    .replace(/\s+/g, ' ');
}

/** Where the page's links to single chats lead, in their order. */
export const chatsOn = (body: string): string[] =>
  [...body.matchAll(/href="\/chats\/([^"?]+)"/g)].map(([, id]) => decodeURIComponent(id ?? ''));
