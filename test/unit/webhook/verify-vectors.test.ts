import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createVerifier } from '../../../src/webhook/verify.ts';

const folder = new URL('../../fixtures/linq/', import.meta.url);

interface Vectors {
  readonly signing_secret: string;
  readonly vectors: readonly {
    readonly body_file: string;
    readonly headers: Readonly<Record<string, string>>;
  }[];
}

const vectors: Vectors = JSON.parse(readFileSync(new URL('webhooks/signature-vectors.json', folder), 'utf8'));
const verify = createVerifier({
  secrets: [vectors.signing_secret],
  toleranceMs: 300_000,
  acceptLegacySignatures: true,
});

describe.each(vectors.vectors)('the published delivery of $body_file', ({ body_file: file, headers }) => {
  const body = readFileSync(new URL(file, folder));
  const sentAt = Number(headers['webhook-timestamp']) * 1000;
  const raw = Object.entries(headers).flat();
  const legacy = Object.fromEntries(Object.entries(headers).filter(([name]) => name.startsWith('x-')));

  it('verifies by its standard headers', () => {
    expect(verify(body, headers, raw, sentAt)).toEqual({
      webhookId: headers['webhook-id'],
      secretIndex: 0,
      scheme: 'standard',
    });
  });

  it('verifies by its deprecated headers alone', () => {
    expect(verify(body, legacy, raw, sentAt).scheme).toBe('legacy');
  });

  it.each([-301_000, 301_000])('is stale when our clock is %d ms off', (offMs) => {
    expect(() => verify(body, headers, raw, sentAt + offMs)).toThrow(
      expect.objectContaining({ fault: 'stale' }),
    );
  });

  it('is refused with one bit flipped anywhere in the first hundred bytes', () => {
    for (let bit = 0; bit < 800; bit++) {
      const tampered = Buffer.from(body);
      tampered[bit >> 3] = (tampered[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(() => verify(tampered, headers, raw, sentAt)).toThrow(
        expect.objectContaining({ fault: 'mismatch' }),
      );
    }
  });
});
