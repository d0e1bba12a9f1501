import { describe, expect, it } from 'vitest';
import { createTestDelivery } from '../../../src/doctor/look/test-deliveries.ts';
import { parseDelivery } from '../../../src/webhook/parse.ts';
import { PROBE_EVENT_TYPE } from '../../../src/webhook/probe.ts';
import { createVerifier } from '../../../src/webhook/verify.ts';
import { SECRET } from '../../helpers/deliver.ts';
import { NOW } from './examples.ts';

const MIB = 1024 * 1024;

describe.each(['plain', 'odd', 'large'] as const)('the %s probe', (form) => {
  const { body, headers } = createTestDelivery(form, SECRET, NOW);

  it('is authentic, and of the type that leaves no trace', () => {
    const verify = createVerifier({ secrets: [SECRET], toleranceMs: 0, acceptLegacySignatures: false });
    expect(verify(body, headers, Object.entries(headers).flat(), NOW)).toMatchObject({ scheme: 'standard' });
    expect(parseDelivery(body)).toMatchObject({ kind: 'ignored', eventType: PROBE_EVENT_TYPE });
  });

  it('has an id of its own', () => {
    expect(createTestDelivery(form, SECRET, NOW).headers['webhook-id']).not.toBe(headers['webhook-id']);
  });
});

it('the plain one survives whoever parses and rewrites it as most programs do', () => {
  const text = createTestDelivery('plain', SECRET, NOW).body.toString();
  expect(JSON.stringify(JSON.parse(text))).toBe(text);
});

it.each<[string, (text: string) => string]>([
  ['parses and rewrites it', (text) => JSON.stringify(JSON.parse(text))],
  ['does so with indents', (text) => JSON.stringify(JSON.parse(text), null, 2)],
  ['trims it', (text) => text.trim()],
  ['turns line breaks into those of Unix', (text) => text.replaceAll('\r\n', '\n')],
  ['turns tabs into spaces', (text) => text.replaceAll('\t', ' ')],
  ['collapses spaces', (text) => text.replaceAll(/ +/g, ' ')],
  ['keeps to ASCII', (text) => text.replaceAll(/[^\p{ASCII}]/gu, '?')],
  ['escapes what a page could take for a tag', (text) => text.replaceAll('<', '&lt;')],
  ['undoes escapes', (text) => text.replaceAll('\\/', '/')],
])('the odd one is changed by whoever %s', (_name, rewrite) => {
  const text = createTestDelivery('odd', SECRET, NOW).body.toString();
  expect(rewrite(text)).not.toBe(text);
});

it('the large one is nearly as large as a delivery may be', () => {
  const { length } = createTestDelivery('large', SECRET, NOW).body;
  expect(length).toBeLessThanOrEqual(MIB);
  expect(length).toBeGreaterThan(MIB - 4096);
});
