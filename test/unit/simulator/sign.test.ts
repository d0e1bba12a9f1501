import { Webhook } from 'standardwebhooks';
import { describe, expect, it } from 'vitest';
import { createSigningSecret, signDelivery } from '../../../src/simulator/sign.ts';
import { fixture, fixtureBytes } from './fixtures.ts';

interface Vectors {
  signing_secret: string;
  vectors: { body_file: string; headers: Record<string, string> }[];
}
const { signing_secret: secret, vectors } = fixture('webhooks/signature-vectors.json') as Vectors;

describe('signDelivery', () => {
  it.each(vectors)('reproduces both header sets of $body_file byte for byte', ({ body_file, headers }) => {
    const signed = signDelivery({
      secret,
      webhookId: headers['webhook-id'] ?? '',
      timestampSeconds: Number(headers['webhook-timestamp']),
      body: fixtureBytes(body_file),
      eventType: headers['x-webhook-event'] ?? '',
      subscriptionId: headers['x-webhook-subscription-id'] ?? '',
    });
    expect(signed).toEqual(headers);
  });

  it('signs text as its UTF-8 bytes', () => {
    const signing = { secret, webhookId: 'id', timestampSeconds: 1 };
    const body = '{"text":"Grüße 👋"}';
    expect(signDelivery({ ...signing, body })).toEqual(signDelivery({ ...signing, body: Buffer.from(body) }));
  });
});

describe('createSigningSecret', () => {
  it('gives a new secret of 32 bytes in the form of Standard Webhooks each time', () => {
    const issued = createSigningSecret();
    expect(issued).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    expect(createSigningSecret()).not.toBe(issued);
    expect(() => new Webhook(issued)).not.toThrow();
  });
});
