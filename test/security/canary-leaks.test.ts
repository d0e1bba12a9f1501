import { copyFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { post, sign } from '../helpers/deliver.ts';
import { createWorkDir, launch, type Reactor, type Settings, startReactor } from '../helpers/process.ts';
import { ask, until } from '../helpers/status.ts';
import { reportReached } from '../helpers/suite.ts';
import { canariesIn, canariesInFiles, OWN_LINE, PERSON, SECRETS } from './canaries.ts';
import { askAll, deliverAll, runVerb, settingsOf, TOKEN, telling } from './canary-traffic.ts';
import { startLeakyLinq } from './leaky-linq.ts';

const VERBS = [
  ['status'],
  ['status', '--json'],
  ['chat', 'list'],
  ['chat', 'list', '--json'],
  ['chat', 'show', 'c-broken'],
  ['chat', 'share', 'c-gone'],
  ['line', 'list'],
  ['quarantine', 'list'],
  ['config', 'show'],
  ['config', 'show', '--json'],
  ['config', 'check'],
  ['backup'],
];

describe('secrets and what is a person’s', () => {
  it('show in no line, answer or file, whatever goes well or wrong', async () => {
    const linq = await startLeakyLinq();
    const directory = createWorkDir();
    const settings = settingsOf(linq.baseUrl);
    const reactor = await startReactor(directory, settings);

    const delivered = await deliverAll(reactor);
    await until(
      async () => linq.calls.filter((call) => call.startsWith('POST')).length,
      (count) => count >= 9,
    );
    const asked = await askAll(reactor);
    const printed: string[] = [];
    for (const verb of VERBS)
      printed.push(await runVerb(directory, { ...settings, PORT: portOf(reactor) }, ...verb));
    const outputs = { delivered, asked: asked.answers, printed, log: [reactor.output()] };

    for (const [name, texts] of Object.entries(outputs)) {
      expect({ [name]: texts.filter((text) => text !== '').length }).not.toEqual({ [name]: 0 });
      expect({ [name]: texts.flatMap((text) => canariesIn(text, { ownLine: true })) }).toEqual({
        [name]: [],
      });
    }
    const leaks = canariesInFiles(directory);
    const lines = reactor.log().length;
    const answers = delivered.length + asked.answers.length;
    reportReached('canary-leaks', { answers, lines, printed: printed.length, violations: leaks.length });
    expect(leaks).toEqual([]);
    expect(linq.strayed).toEqual([]);
    // the answers were read, and told of by their codes
    const chat = (await ask(reactor.url, '/status/chats/c-broken', { headers: TOKEN })).body;
    expect(chat).toMatchObject({
      line: '+1•••••0137',
      attempts: expect.arrayContaining([expect.objectContaining({ httpStatus: 500, linqCode: 3006 })]),
    });
    // what was asked for may be repeated to who asked with a token, and to nobody else
    expect(asked.echoes.flatMap((text) => canariesIn(text))).not.toEqual([]);
  });

  it.each(['c-unauthorized', 'c-limited'])('nor when the account is stopped by %s', async (chatId) => {
    const linq = await startLeakyLinq();
    const directory = createWorkDir();
    const reactor = await startReactor(directory, settingsOf(linq.baseUrl));
    const body = JSON.stringify(telling(chatId, true));
    await post(reactor.url, body, sign(body, { at: Date.now(), secret: SECRETS.secret }));
    await until(
      async () => linq.calls.filter((call) => call.startsWith('POST')).length,
      (count) => count >= 1,
    );
    const status = await until(
      () => ask(reactor.url, '/status', { headers: TOKEN }),
      ({ body: seen }) =>
        JSON.stringify(seen).includes(chatId === 'c-limited' ? 'rate_limited' : 'api_key_rejected'),
    );
    expect(canariesIn(JSON.stringify(status) + reactor.output(), { ownLine: true })).toEqual([]);
    expect(canariesInFiles(directory)).toEqual([]);
  });

  it('nor when the database is lost under it', async () => {
    const linq = await startLeakyLinq();
    const directory = createWorkDir();
    const reactor = await startReactor(directory, settingsOf(linq.baseUrl));
    const path = join(directory, 'data', 'reactor.db');
    renameSync(path, `${path}.away`);
    copyFileSync(`${path}.away`, path);
    const body = JSON.stringify(telling('c-fine', true));
    const answer = await post(reactor.url, body, sign(body, { at: Date.now(), secret: SECRETS.secret }));
    const { code } = await reactor.exited;
    expect([answer.status, code]).toEqual([503, 1]);
    expect(reactor.output()).toContain('Can’t use the database');
    expect(canariesIn(reactor.output() + JSON.stringify(answer), { ownLine: true })).toEqual([]);
    expect(canariesInFiles(directory)).toEqual([]);
  });

  it.each<Settings>([
    {
      LINQ_API_KEY: `${SECRETS.apiKey} ${PERSON.text}`,
      LINQ_WEBHOOK_SECRET: `${SECRETS.secret}!,${SECRETS.oldSecret}`,
      STATUS_TOKEN: ` ${PERSON.text}`,
      LINQ_API_BASE_URL: `https://user:${SECRETS.apiKey}@example.com`,
      DATABASE_URL: `postgres://user:${SECRETS.apiKey}@host/db`,
      PORT: SECRETS.apiKey,
      HOST: `${SECRETS.apiKey}:8080`,
      TRUST_PROXY: SECRETS.apiKey,
      LINQ_LINES: `${OWN_LINE},${SECRETS.apiKey}`,
      RESHARE_POLICY: SECRETS.apiKey,
      SHARE_WINDOW: SECRETS.apiKey,
      LOG_LEVEL: SECRETS.apiKey,
    },
    {
      LINQ_API_KEY: `Bearer ${SECRETS.apiKey}`,
      LINQ_WEBHOOK_SECRET: SECRETS.apiKey,
      LINQ_API_BASE_URL: `https://example.com/?key=${SECRETS.apiKey}`,
      ALERT_WEBHOOK_URL: `ftp://${SECRETS.alertPath}`,
      PUBLIC_URL: `http://user:${SECRETS.apiKey}@host`,
      DATABASE_URL: SECRETS.apiKey,
    },
    { LINQ_API_KEY: '', LINQ_APIKEY: SECRETS.apiKey, LINQ_API_BASE_URL: SECRETS.apiKey },
  ])('nor when a setting is wrong (%#)', async (wrong) => {
    const directory = createWorkDir();
    const settings = { ...settingsOf('http://localhost:9'), ...wrong };
    const running = launch(directory, settings);
    expect((await running.exited).code).toBe(3);
    const shown = await runVerb(directory, settings, 'config', 'show');
    const checked = await runVerb(directory, settings, 'config', 'check', '--json');
    expect([running.output(), shown, checked].flatMap((text) => canariesIn(text, { ownLine: true }))).toEqual(
      [],
    );
  });

  it('nor a broken line of the settings file', async () => {
    const directory = createWorkDir();
    writeFileSync(join(directory, '.env'), `LINQ_API_KEY ${SECRETS.apiKey}\n"${PERSON.text}`);
    const output = await runVerb(directory, {}, 'serve');
    expect(output).toMatch(/line 1/);
    expect(canariesIn(output)).toEqual([]);
  });

  it('would be found: in plain text, in hex, in base64 wherever it stands, in 16-bit letters, and unmasked', () => {
    const { apiKey, secret } = SECRETS;
    const decoded = Buffer.from(secret.slice(6), 'base64');
    for (const leak of [
      apiKey,
      Buffer.from(apiKey).toString('hex'),
      Buffer.from(`xy${apiKey}z`).toString('base64'),
    ]) {
      expect(canariesIn(`before ${leak} after`)).toEqual(['apiKey']);
    }
    expect(canariesIn(Buffer.from(PERSON.text, 'utf16le'))).toEqual(['text']);
    expect(canariesIn(decoded)).toEqual(['secret']);
    expect(canariesIn(`to ${PERSON.number.slice(1)}`)).toEqual(['number']);
    expect(canariesIn(OWN_LINE, { ownLine: true })).toEqual(['ownLine']);
  });
});

const portOf = ({ url }: Reactor) => new URL(url).port;
