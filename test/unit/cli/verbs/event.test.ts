import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { EXIT } from '../../../../src/cli/io.ts';
import { meaningOf, verifyEvent } from '../../../../src/cli/verbs/send-event.ts';
import { buildExample, EXAMPLES, signEvent } from '../../../../src/cli/verbs/signed-event.ts';
import { createSystemClock } from '../../../../src/clock.ts';
import { parseDelivery } from '../../../../src/webhook/parse.ts';
import { createVerifier } from '../../../../src/webhook/verify.ts';
import { OTHER_SECRET, SECRET } from '../../../helpers/deliver.ts';
import { run } from '../terminal.ts';

const CHAT = '6f2a9c4e-1b7d-4e83-a5c0-9d3f7b1e2a64';
const SETTINGS = { LINQ_WEBHOOK_SECRET: SECRET };
const sources = { env: SETTINGS, envFile: {}, readFile: () => `${OTHER_SECRET}\n` };
const clock = createSystemClock();
const FILE = new URL('../../../../package.json', import.meta.url).pathname;

/** Whether the service would take it, and by which secret (0: SECRET) and scheme. */
function verify(
  { body, headers }: { body: Buffer; headers: Readonly<Record<string, string>> },
  at = clock.systemNow(),
) {
  const verifier = createVerifier({
    secrets: [SECRET, OTHER_SECRET],
    toleranceMs: 300_000,
    acceptLegacySignatures: true,
  });
  return verifier(body, headers, Object.entries(headers).flat(), at);
}

describe('event sign', () => {
  it('signs the bytes of a file as Linq does, in both ways', () => {
    const signed = signEvent(FILE, { id: 'msg_1' }, sources, clock);
    expect(signed.body.equals(readFileSync(FILE))).toBe(true);
    expect(verify(signed)).toEqual({ webhookId: 'msg_1', secretIndex: 0, scheme: 'standard' });
    expect(Object.keys(signed.headers)).toContain('x-webhook-signature');
  });

  it('signs in one way alone, with the secret of a file, where it is told so', () => {
    const standard = signEvent(
      undefined,
      { example: 'probe', scheme: 'standard', secretFile: 'f' },
      sources,
      clock,
    );
    expect(verify(standard)).toMatchObject({ secretIndex: 1, scheme: 'standard' });
    expect(Object.keys(standard.headers).filter((name) => name.startsWith('x-'))).toEqual([]);
    const legacy = signEvent(undefined, { example: 'probe', scheme: 'legacy' }, sources, clock);
    expect(verify(legacy)).toMatchObject({ webhookId: null, scheme: 'legacy' });
  });

  it.each([
    ['1795394390', 1_795_394_390_000],
    ['2026-11-03T16:20:00Z', Date.UTC(2026, 10, 3, 16, 20)],
  ])('signs for another time: %s', (timestamp, at) => {
    const signed = signEvent(undefined, { example: 'probe', timestamp }, sources, clock);
    expect(signed.headers['webhook-timestamp']).toBe(String(at / 1000));
    expect(verify(signed, at)).toMatchObject({ secretIndex: 0 });
  });

  it('prints headers and body, a curl command, or JSON', async () => {
    const env = { ...SETTINGS };
    const plain = await run(`event sign --example probe --id a`, { env });
    expect(plain.out).toMatch(
      /^content-type: application\/json\nwebhook-id: a\nwebhook-timestamp: \d+\n.*\n\n\{.*\}\n$/s,
    );
    const curl = await run(`event sign ${FILE} --id a --curl --to https://cards.example.com`, { env });
    expect(curl.out).toContain("-X POST 'https://cards.example.com/webhooks/linq?version=2026-02-03'");
    expect(curl.out).toContain(`--data-binary '@${FILE}'`);
    const { headers, body } = JSON.parse((await run('event sign --example probe --json', { env })).out);
    expect(verify({ headers, body: Buffer.from(body) })).toMatchObject({ secretIndex: 0 });
  });

  it('prints no header that a body could break out of', () => {
    const type = 'a\r\nx-injected: 1\u001b[31m';
    const file = join(mkdtempSync(join(tmpdir(), 'event-')), 'body.json');
    onTestFinished(() => rmSync(dirname(file), { recursive: true }));
    writeFileSync(file, JSON.stringify({ event_type: type, event_id: 'e1', data: {} }));
    const signed = signEvent(file, {}, sources, clock);
    expect([signed.eventType, signed.headers['x-webhook-event']]).toEqual(['unknown', 'unknown']);
  });

  it('prints a curl command that takes no inline body for the name of a file', async () => {
    const { out } = await run('event sign --example probe --curl', { env: SETTINGS });
    expect(out).toContain(`--data-raw '{"api_version"`);
    expect(out).not.toContain('--data-binary');
  });

  it.each([
    ['--example nonsense', '--example: expected one of probe, message.sent'],
    [`${FILE} --example probe`, 'not both'],
    ['--example probe --scheme both-of-them', '--scheme: expected'],
    ['--example probe --timestamp yesterday', '--timestamp: expected'],
    ['--example probe --id a.b', '--id: expected'],
    ['--example message.sent --line 12', '--line: expected'],
    ['--example message.sent --payload-version 1', '--payload-version: expected'],
    ['no-such-file', 'no-such-file can’t be read (ENOENT)'],
  ])('refuses %s with 2', async (args, words) => {
    const { code, out, err } = await run(`event sign ${args}`, { env: SETTINGS });
    expect([code, out]).toEqual([EXIT.usage, '']);
    expect(err).toContain(words);
  });

  it('without a secret, or with a wrong one, ends with 3 and tells nothing of it', async () => {
    expect(await run('event sign --example probe')).toMatchObject({ code: EXIT.configuration, out: '' });
    const files = { secret: 'whsec_tooshort' };
    const { code, err } = await run('event sign --example probe --secret-file secret', { files });
    expect(code).toBe(EXIT.configuration);
    expect(err).not.toContain('tooshort');
  });
});

describe('an example', () => {
  it.each(EXAMPLES.flatMap((type) => [[type, '2026-02-03'] as const, [type, '2025-01-01'] as const]))(
    '%s of %s is read as what it says',
    (type, version) => {
      const body = buildExample({ type, version, line: '+12025550177', chatId: CHAT }, clock) ?? '';
      const parsed = parseDelivery(Buffer.from(body));
      const isIgnored = type === 'probe' || type === 'message.failed';
      expect(parsed).toMatchObject(type === 'probe' ? {} : { eventType: type });
      expect(parsed.kind === 'ignored').toBe(isIgnored);
      if (type.startsWith('message.') || type.startsWith('chat.')) expect(body).toContain(CHAT);
    },
  );
});

describe('event send', () => {
  const real = { ...SETTINGS, PUBLIC_URL: 'https://cards.example.com' };

  it.each([
    [
      'a foreign address',
      '--example probe --to https://elsewhere.example',
      'neither this machine nor PUBLIC_URL',
    ],
    [
      'an address that only begins like ours',
      '--example probe --to https://cards.example.com.evil.example',
      'neither',
    ],
    ['facts for a real account', '--example message.sent', 'as real'],
    ['no address', '--example probe --to elsewhere', '--to must be an address'],
  ])('refuses %s with 2 before anything is sent', async (_name, args, words) => {
    const { code, out, err } = await run(`event send ${args}`, { env: real });
    expect([code, out]).toEqual([EXIT.usage, '']);
    expect(err).toContain(words);
  });

  it.each([
    [204, { kind: 'accepted', proof: 'p', tookMs: 1 }, 'stores nothing'],
    [204, { kind: 'foreign', httpStatus: 204 }, 'stored'],
    [202, { kind: 'foreign', httpStatus: 202 }, 'quarantine'],
    [401, { kind: 'refused', httpStatus: 401, code: 'SIGNATURE_MISMATCH' }, 'another LINQ_WEBHOOK_SECRET'],
    [401, { kind: 'refused', httpStatus: 401, code: 'SIGNATURE_STALE' }, 'WEBHOOK_TOLERANCE'],
    [503, { kind: 'refused', httpStatus: 503, code: 'NOT_STORED' }, 'redeliver'],
    [301, { kind: 'redirect', httpStatus: 301, target: 'https://a.example/' }, 'https://a.example/'],
    [404, { kind: 'wrong_path' }, '/webhooks/linq'],
    [200, { kind: 'foreign', httpStatus: 200 }, 'something else answers'],
  ] as const)('says what %d means', (httpStatus, answer, words) => {
    expect(meaningOf(httpStatus, answer)).toContain(words);
  });
});

describe('event verify', () => {
  const signed = (example: string, more: object = {}) =>
    signEvent(undefined, { example, ...more }, sources, clock);

  function check(
    { body, headers }: ReturnType<typeof signed>,
    env: Record<string, string> = SETTINGS,
    json = false,
  ) {
    const directory = mkdtempSync(join(tmpdir(), 'event-verify-'));
    onTestFinished(() => rmSync(directory, { recursive: true }));
    const file = join(directory, 'body.json');
    writeFileSync(file, body);
    let out = '';
    const write = (text: string) => {
      out += text;
    };
    const io = { env, isTerminal: false, columns: 80, write, writeError: write, readFile: () => '' };
    const text = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    const readFile = () => `POST /webhooks/linq HTTP/1.1\r\n${text.join('')}\r\nbody: ignored`;
    const code = verifyEvent(
      file,
      { headers: 'headers', json },
      { io, sources: { env, envFile: {}, readFile } },
    );
    return { code, out };
  }

  it('says what the service would read of one that it would accept, with the line masked', () => {
    const { code, out } = check(signed('message.sent', { chatId: CHAT }));
    expect(code).toBe(EXIT.fine);
    expect(out).toMatch(
      new RegExp(
        `^HTTP 204\\. Accepted\\nRead as message\\.sent: chat ${CHAT}: iMessage sent from line \\+1•••••0100 at `,
      ),
    );
    expect(check(signed('message.failed')).out).toContain(
      'Read as message.failed: ignored: a failed message',
    );
    expect(check(signed('probe')).out).toContain('a probe, which leaves no trace.');
  });

  it('says why it would refuse one', () => {
    const fine = signed('message.sent');
    const { 'content-type': _, ...untyped } = fine.headers;
    const refused = (headers: Record<string, string>, env?: Record<string, string>) => {
      const { code, out } = check({ ...fine, headers }, env);
      expect(code).toBe(EXIT.failed);
      expect(out).not.toContain('Read as');
      return out;
    };
    expect(refused(untyped)).toContain('HTTP 415. Refused: UNSUPPORTED_MEDIA_TYPE.');
    expect(refused({ ...fine.headers, 'webhook-signature': '' })).toContain(
      'HTTP 401. Refused: SIGNATURE_MISSING.',
    );
    expect(refused({ ...fine.headers, 'webhook-timestamp': '1e9' })).toContain('SIGNATURE_MALFORMED.');
    expect(refused({ ...fine.headers }, { LINQ_WEBHOOK_SECRET: OTHER_SECRET })).toContain(
      'SIGNATURE_MISMATCH.',
    );
    expect(() => check(fine, { LINQ_WEBHOOK_SECRET: 'whsec_x' })).toThrow('LINQ_WEBHOOK_SECRET');
    expect(() => check(fine, {})).toThrow('LINQ_WEBHOOK_SECRET is not set');
    expect(() => check({ ...fine, headers: { 'a b': 'c' } })).toThrow('A header must be "name: value"');
  });

  it('says by how much one is stale, and still what it would read', () => {
    const { code, out } = check(signed('message.sent', { timestamp: '1700000000' }));
    expect(code).toBe(EXIT.failed);
    expect(out).toMatch(
      /HTTP 401\. Refused: SIGNATURE_STALE\. Correctly signed, but \d+ s ago; .*\nRead as message\.sent: chat/,
    );
  });

  it('finds what saving the body in a file has changed', () => {
    const fine = signed('message.sent');
    const text = fine.body.toString();
    const hintOn = (body: Buffer, more = {}) =>
      check({ ...fine, body, headers: { ...fine.headers, ...more } }).out;
    expect(hintOn(Buffer.from(`${text}\r\n`))).toContain('It matches without the line break at the end, ');
    expect(hintOn(Buffer.from(`\uFEFF${text}\n`))).toContain(
      'without the line break at the end and the byte order mark, ',
    );
    const lines = signEvent(FILE, { id: 'msg_1' }, sources, clock);
    const windows = Buffer.from(lines.body.toString().replaceAll('\n', '\r\n'));
    expect(check({ ...lines, body: windows }).out).toContain('It matches without Windows’ line ends, ');
    const pretty = Buffer.from(JSON.stringify(JSON.parse(text), null, 1));
    expect(hintOn(pretty)).toContain('byte for byte');
    const length = String(fine.body.length);
    expect(hintOn(pretty, { 'content-length': length })).toContain(`and the body had ${length}`);
    const { 'content-type': _, ...untyped } = fine.headers;
    expect(check({ ...fine, headers: untyped }).out).toContain('No Content-Type is among the headers');
  });

  it.each([
    ['\uFEFF\r\n\r\nwebhook-id: a\r\n\r\nno header', 'UNSUPPORTED_MEDIA_TYPE'],
    ['\n\n', 'Give the headers'],
    ['POST / HTTP/1.1\n\ufffdw\0e\0', 'Line 2 of headers isn’t; it must be UTF-8 text.'],
  ])('reads a file of headers, or says which line isn’t one: %j', async (text, said) => {
    const more = { env: SETTINGS, files: { headers: text } };
    const { out, err } = await run(`event verify ${FILE} --headers headers`, more);
    expect(`${out}${err}`.replaceAll("'", '’')).toContain(said);
  });

  it('prints JSON, also of one that goes to quarantine', () => {
    const path = join(mkdtempSync(join(tmpdir(), 'event-verify-')), 'odd.json');
    onTestFinished(() => rmSync(dirname(path), { recursive: true }));
    writeFileSync(path, '{"event_type":"message.sent","event_id":"e-1"}');
    const { code, out } = check(signEvent(path, {}, sources, clock), SETTINGS, true);
    expect(code).toBe(EXIT.failed);
    expect(JSON.parse(out)).toEqual({
      accepted: true,
      httpStatus: 202,
      code: null,
      message: null,
      eventType: 'message.sent',
      reading: expect.stringContaining('quarantined: data: expected'),
    });
  });
});
