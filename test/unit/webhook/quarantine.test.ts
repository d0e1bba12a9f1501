import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openSealed, sealDelivery } from '../../../src/webhook/quarantine.ts';
import { OTHER_SECRET, SECRET } from '../../helpers/deliver.ts';

const raw = Buffer.from('{"event_type":"message.sent","text":"canary words"}');

describe('a sealed delivery', () => {
  it('opens to the same bytes under the secret that sealed it', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2000 }), (bytes) => {
        const opened = openSealed(sealDelivery(Buffer.from(bytes), SECRET), SECRET);
        return opened?.equals(bytes) === true;
      }),
      { numRuns: 200 },
    );
  });

  it('stays closed to another secret', () => {
    expect(openSealed(sealDelivery(raw, SECRET), OTHER_SECRET)).toBeNull();
  });

  it('stays closed when any byte of it was changed, and when it was cut', () => {
    const sealed = sealDelivery(raw, SECRET);
    for (let i = 0; i < sealed.length; i++) {
      const tampered = Buffer.from(sealed);
      tampered[i] = (tampered[i] ?? 0) ^ 1;
      expect(openSealed(tampered, SECRET)).toBeNull();
      expect(openSealed(sealed.subarray(0, i), SECRET)).toBeNull();
    }
  });

  it('shows nothing of the body, and is different each time', () => {
    const sealed = sealDelivery(raw, SECRET);
    expect(sealed.includes('canary')).toBe(false);
    expect(sealDelivery(raw, SECRET).equals(sealed)).toBe(false);
  });
});
