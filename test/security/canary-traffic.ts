import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { message2025, message2026, OTHER_SECRET, post, sign, signLegacy } from '../helpers/deliver.ts';
import type { Reactor, Settings } from '../helpers/process.ts';
import { ask } from '../helpers/status.ts';
import { OWN_LINE, PERSON, SECRETS } from './canaries.ts';
import { speak } from './raw-socket.ts';

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

export const settingsOf = (baseUrl: string): Settings => ({
  LINQ_API_BASE_URL: baseUrl,
  LINQ_API_KEY: SECRETS.apiKey,
  LINQ_WEBHOOK_SECRET: `${SECRETS.secret},${SECRETS.oldSecret}`,
  STATUS_TOKEN: SECRETS.statusToken,
  METRICS_TOKEN: SECRETS.metricsToken,
  ALERT_WEBHOOK_URL: `http://127.0.0.1:9/${SECRETS.alertPath}`,
  LOG_LEVEL: 'trace',
  TRUST_PROXY: 'loopback',
});

export const TOKEN = { authorization: `Bearer ${SECRETS.statusToken}` };

/** A message that says all that a person could be known by. */
export function telling(chatId: string, isOutbound: boolean, more: object = {}): Record<string, unknown> {
  const make = chatId.length % 2 === 0 ? message2025 : message2026;
  const event = make({ chatId, isOutbound, line: OWN_LINE, text: PERSON.text, sentAt: Date.now() - 5_000 });
  const handles = [PERSON.number, PERSON.email].map((handle) => ({ handle, display_name: PERSON.name }));
  return { ...event, display_name: PERSON.name, handles, from: PERSON.number, to: [PERSON.email], ...more };
}

/** Authentic, and nothing that can be read; what is wrong is what must not be told. */
function unreadable(): readonly string[] {
  const event = telling('c-unreadable', true);
  return [
    `${PERSON.text} {`,
    JSON.stringify({ ...event, event_type: PERSON.text }),
    JSON.stringify({ ...event, data: PERSON.number }),
    JSON.stringify({ ...event, data: { chat: { id: { [PERSON.email]: PERSON.name } } } }),
    JSON.stringify(event).replace('"sent_at":"2', `"sent_at":"${PERSON.text}2`),
    JSON.stringify({ ...event, __proto__: null }).replace('{', `{"__proto__":{"${PERSON.name}":1},`),
    `${'['.repeat(100)}"${PERSON.text}"${']'.repeat(100)}`,
  ];
}

/** Sends what comes in from Linq, good and bad. @returns the answers */
export async function deliverAll({ url }: Reactor): Promise<string[]> {
  const at = Date.now();
  const bodies = [
    ...[
      'c-bad-request',
      'c-forbidden',
      'c-gone',
      'c-bare',
      'c-odd',
      'c-broken',
      'c-redirected',
      'c-html',
      'c-fine',
    ].flatMap((chatId) =>
      [telling(chatId, false), telling(chatId, true)].map((event) => JSON.stringify(event)),
    ),
    ...unreadable(),
  ];
  const answers: unknown[] = [];
  for (const [n, body] of bodies.entries()) {
    const secret = n % 2 === 0 ? SECRETS.secret : SECRETS.oldSecret;
    answers.push(await post(url, body, sign(body, { at, secret })));
  }
  const body = JSON.stringify(telling('c-forged', true));
  const good = sign(body, { at, secret: SECRETS.secret });
  const refused = [
    sign(body, { at, secret: OTHER_SECRET }),
    sign(body, { at: at - 3_600_000, secret: SECRETS.secret }),
    signLegacy(body, { at, secret: SECRETS.secret }),
    { ...good, 'webhook-signature': `v1,${SECRETS.apiKey}` },
    { ...good, 'webhook-timestamp': SECRETS.statusToken },
    { ...good, 'webhook-id': PERSON.email },
    { ...good, 'content-type': PERSON.number },
    { ...good, 'content-encoding': PERSON.number },
    { 'content-type': 'application/json', authorization: TOKEN.authorization, cookie: PERSON.text },
  ];
  for (const headers of refused) answers.push(await post(url, body, headers));
  answers.push((await speak(url, `POST /${SECRETS.apiKey}\0 HTTP/1.1\r\n\r\n`)).text);
  return answers.map((answer) => JSON.stringify(answer));
}

/** Asks for all there is, and as somebody who shouldn't. @returns the answers; those that repeat the question apart */
export async function askAll({ url }: Reactor): Promise<{ answers: string[]; echoes: string[] }> {
  const answers: unknown[] = [];
  const echoes: unknown[] = [];
  for (const path of [
    '/healthz',
    '/readyz',
    '/status',
    '/status/chats?limit=200',
    '/status/chats/c-broken',
    '/status/chats/c-fine',
    '/status/quarantine',
    '/metrics',
    '/badge.svg',
    '/openapi.json',
    '/',
  ]) {
    answers.push(await asText(url, path, TOKEN));
    answers.push(await asText(url, path, {}));
    answers.push(await asText(url, path, { authorization: `Bearer ${SECRETS.statusToken.slice(0, -1)}x` }));
  }
  for (const method of ['PUT', 'DELETE'] as const)
    answers.push(await ask(url, '/status/pause', { method, headers: TOKEN }));
  answers.push(await ask(url, '/status/chats/c-odd/share', { method: 'POST', headers: TOKEN }));
  answers.push(
    await ask(url, `/status/lines/${encodeURIComponent(OWN_LINE)}/hold`, {
      method: 'DELETE',
      headers: TOKEN,
    }),
  );
  answers.push(await asText(url, '/metrics', { authorization: `Bearer ${SECRETS.metricsToken}` }));
  answers.push(await asText(url, `/status?token=${SECRETS.statusToken}`, {}));
  answers.push(await asText(url, `/${SECRETS.apiKey}`, {}));
  for (const value of [PERSON.number, PERSON.email, PERSON.text, SECRETS.apiKey].map(encodeURIComponent)) {
    for (const path of [
      `/status/chats/${value}`,
      `/status/chats?line=${value}`,
      `/status/chats?cursor=${value}`,
      `/status/chats?limit=${value}`,
      `/status/lines/${value}/hold`,
    ]) {
      echoes.push(await asText(url, path, TOKEN));
    }
  }
  return {
    answers: answers.map((one) => JSON.stringify(one)),
    echoes: echoes.map((one) => JSON.stringify(one)),
  };
}

async function asText(url: string, path: string, headers: Readonly<Record<string, string>>): Promise<string> {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return (await speak(url, `GET ${path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n${lines.join('')}\r\n`))
    .text;
}

/** All that a verb prints. */
export function runVerb(directory: string, env: Settings, ...args: readonly string[]): Promise<string> {
  return new Promise((resolve) => {
    const options = { cwd: directory, env: { PATH: process.env.PATH, ...env }, timeout: 20_000 };
    execFile(process.execPath, [MAIN, ...args], options, (_error, stdout, stderr) =>
      resolve(stdout + stderr),
    );
  });
}
