import { describe, expect, it } from 'vitest';
import { CLI_TOKEN, startStatus, TOKEN } from '../status/harness.ts';

const basic = (token: string) => `Basic ${Buffer.from(`anyone:${token}`).toString('base64')}`;
const bearer = (token: string) => `Bearer ${token}`;
const AFAR = { 'x-forwarded-for': '203.0.113.7' };

/** Every route that needs a token, with a method that it knows. */
const GUARDED = [
  ['GET', '/status'],
  ['GET', '/status/chats'],
  ['GET', '/status/chats/chat-1'],
  ['POST', '/status/chats/chat-1/share'],
  ['PUT', '/status/chats/chat-1/hold'],
  ['DELETE', '/status/chats/chat-1/hold'],
  ['PUT', '/status/pause'],
  ['DELETE', '/status/pause'],
  ['DELETE', '/status/lines/%2B12025550100/hold'],
] as const;

describe('access to the status routes', () => {
  it.each(GUARDED)('%s %s is refused without a token, and tells nothing', async (method, url) => {
    const { app } = await startStatus();
    const answer = await app.inject({ method, url });
    expect(answer.statusCode).toBe(401);
    expect(answer.headers['www-authenticate']).toEqual([
      'Bearer realm="contact-card-reactor"',
      'Basic realm="contact-card-reactor", charset="UTF-8"',
    ]);
    expect(answer.json()).toEqual({
      statusCode: 401,
      code: 'NO_TOKEN',
      error: 'Unauthorized',
      message: expect.stringContaining('STATUS_TOKEN'),
    });
  });

  it.each(['/healthz', '/readyz'])('%s is open', async (url) => {
    const { app } = await startStatus();
    expect((await app.inject(url)).statusCode).toBe(200);
  });

  it.each([
    ['the token as Bearer', bearer(TOKEN), 200],
    ['the token as the password of Basic', basic(TOKEN), 200],
    ['a wrong token', bearer(`${TOKEN}x`), 401],
    ['a wrong password', basic('x'), 401],
    ['the token under another scheme', `Token ${TOKEN}`, 401],
    ['the bare token', TOKEN, 401],
    ['an empty token', 'Bearer ', 401],
  ])('%s is answered as it should be', async (_what, authorization, status) => {
    const { get } = await startStatus();
    expect((await get('/status', { headers: { authorization } })).status).toBe(status);
  });

  it('takes the command line token from this machine only', async () => {
    const { get } = await startStatus();
    const authorization = bearer(CLI_TOKEN);
    expect((await get('/status', { headers: { authorization } })).status).toBe(200);
    expect((await get('/status', { headers: { authorization }, remoteAddress: '::1' })).status).toBe(200);
    expect((await get('/status', { headers: { authorization, ...AFAR } })).status).toBe(401);
    expect((await get('/status', { headers: { authorization }, remoteAddress: '203.0.113.7' })).status).toBe(
      401,
    );
  });

  it('says what to set when there is no token, and lets the command line in all the same', async () => {
    const { get } = await startStatus({ deps: { statusToken: null } });
    const refused = await get('/status');
    expect(refused).toMatchObject({ status: 403, body: { code: 'NO_STATUS_TOKEN', error: 'Forbidden' } });
    expect(refused.body.message).toMatch(/^Set STATUS_TOKEN .* commands work without it\.$/);
    const authorization = bearer(CLI_TOKEN);
    expect((await get('/status', { headers: { authorization } })).status).toBe(200);
    expect((await get('/status', { headers: { authorization, ...AFAR } })).status).toBe(403);
  });

  it('is not open to an empty token when none is set', async () => {
    const { get } = await startStatus({ deps: { statusToken: null, cliToken: null } });
    const refused = await get('/status', { headers: { authorization: basic('') } });
    expect(refused.status).toBe(403);
    expect(refused.body.message).not.toContain('without it'); // the command line has none either
  });

  it('answers 429 after 20 failed logins of an address, and still lets the right token in', async () => {
    const { get } = await startStatus();
    const wrong = { headers: { authorization: bearer('wrong'), ...AFAR } };
    for (let failure = 1; failure <= 20; failure++) expect((await get('/status', wrong)).status).toBe(401);
    const limited = await get('/status/chats', wrong);
    expect(limited).toMatchObject({ status: 429, body: { statusCode: 429, code: 'TOO_MANY_LOGINS' } });
    expect(Number(limited.headers['retry-after'])).toBeGreaterThan(0);
    expect((await get('/status', { headers: AFAR })).status).toBe(200);
    expect((await get('/status', { headers: { authorization: bearer('wrong') } })).status).toBe(401);
  });

  it('lets a browser ask for its password, whatever failed before', async () => {
    const { app, get } = await startStatus();
    for (let failure = 0; failure <= 20; failure++) {
      await get('/status', { headers: { authorization: bearer('wrong') } });
    }
    expect((await app.inject('/status')).statusCode).toBe(401);
  });

  it('takes no change under Basic unless the service itself made the request', async () => {
    const { put, get } = await startStatus();
    const from = (site?: string) => ({
      headers: { authorization: basic(TOKEN), ...(site === undefined ? {} : { 'sec-fetch-site': site }) },
    });
    for (const site of [undefined, 'cross-site', 'same-site', 'none']) {
      expect(await put('/status/pause', from(site))).toMatchObject({
        status: 403,
        body: { code: 'CROSS_SITE' },
      });
    }
    expect((await get('/status')).body.paused).toBe(false);
    expect((await put('/status/pause', from('same-origin'))).body).toEqual({ paused: true });
    expect((await get('/status', from('cross-site'))).body.paused).toBe(true);
  });
});
