import { expect, it } from 'vitest';
import { dumpRows } from '../helpers/database.ts';
import { deliver, message2026, sign } from '../helpers/deliver.ts';
import { startRig } from '../helpers/rig.ts';
import { reportReached } from '../helpers/suite.ts';
import type { Expected, RawCase } from './raw-case.ts';
import { framingCases } from './raw-framing-cases.ts';
import { GRAMMAR_CASES, MEANING_CASES } from './raw-http-cases.ts';
import { type Said, speak } from './raw-socket.ts';

function verdictOf(expected: Expected, { statuses, isClosed }: Said): Expected | 'not refused' {
  if (typeof expected === 'object') return statuses;
  if (expected === 'silence') return statuses.length === 0 ? 'silence' : statuses;
  const [status = 400] = statuses;
  return statuses.length <= 1 && status >= 400 && status < 500 && isClosed ? 'refused' : statuses;
}

const speakCase = (url: string, { bytes, ending }: RawCase) =>
  speak(url, bytes, { halfClose: ending === 'half-close', reset: ending === 'reset' });

it('whatever is no sound HTTP is refused or cut off, next to others who are served', async () => {
  const { reactor, directory } = await startRig();
  await deliver(reactor.url, message2026({ isOutbound: false }));
  const before = dumpRows(directory);
  const cases = [...framingCases(authentic(), linesOf('{}')), ...GRAMMAR_CASES, ...MEANING_CASES];

  const seen: Record<string, unknown> = {};
  let unserved = 0;
  for (const one of cases) {
    const said = await speakCase(reactor.url, one);
    const next = await speak(
      reactor.url,
      'GET /healthz HTTP/1.1\r\nhost: reactor\r\nconnection: close\r\n\r\n',
    );
    if (next.statuses.join() !== '200' || !next.text.endsWith('{"status":"ok"}')) unserved++;
    seen[one.name] = verdictOf(one.expected, said);
  }

  const expected = Object.fromEntries(cases.map(({ name, expected }) => [name, expected]));
  const violations = cases.filter(({ name, expected }) => String(seen[name]) !== String(expected)).length;
  reportReached('raw-http', { cases: cases.length, violations: violations + unserved });
  expect(seen).toEqual(expected);
  expect(unserved).toBe(0);
  expect(cases.length).toBeGreaterThanOrEqual(60);
  expect(dumpRows(directory)).toEqual(before);
  // what was hidden in those bodies was good: alone it is taken
  expect((await speak(reactor.url, authentic())).statuses).toEqual([204]);
  expect(dumpRows(directory)).not.toEqual(before);
});

/** A signed delivery as it goes over the wire. */
function authentic(): string {
  const body = JSON.stringify(message2026());
  const head = `POST /webhooks/linq HTTP/1.1\r\nhost: reactor\r\n${linesOf(body)}`;
  return `${head}content-length: ${body.length}\r\n\r\n${body}`;
}

function linesOf(body: string): string {
  const headers = Object.entries(sign(body, { at: Date.now() }));
  return headers.map(([name, value]) => `${name}: ${value}\r\n`).join('');
}
