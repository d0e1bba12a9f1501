import { describe, expect, it } from 'vitest';
import { HOUR } from '../../../src/decide/time.ts';
import { type NarratedCall, narrateCall } from '../../../src/demo/narrator.ts';

const T = Date.UTC(2026, 10, 22, 9);
const call = (status: number, arrivedAt = T, effect: NarratedCall['call']['effect'] = 'prompt') => ({
  arrivedAt,
  status,
  effect: status < 300 ? effect : ('refused' as const),
});

describe('a share call is told', () => {
  it('as the first card of a chat', () => {
    expect(narrateCall({ name: 'Ada', call: call(204), earlier: [] })).toEqual({
      mark: 'shared',
      text: 'Ada gets your card.',
    });
  });

  it('as another card, with the hours since the last', () => {
    const told = narrateCall({ name: 'book club', call: call(204, T + 24 * HOUR), earlier: [call(204)] });
    expect(told?.text).toBe('The book club gets your card again, 24 hours after the last time.');
  });

  it('with the number of attempts since the last share, when several failed', () => {
    const earlier = [call(204), call(500), call(500)];
    const told = narrateCall({ name: 'Gus', call: call(204, T + 25 * HOUR), earlier });
    expect(told?.text).toBe('Gus gets your card again, 25 hours after the last time, at attempt 3.');
  });

  it('once for failures alike', () => {
    expect(narrateCall({ name: 'Gus', call: call(500), earlier: [] })?.text).toContain('Linq answers 500');
    expect(narrateCall({ name: 'Gus', call: call(500), earlier: [call(500)] })).toBeNull();
    expect(narrateCall({ name: 'Gus', call: call(429), earlier: [call(500)] })?.text).toContain('429');
    expect(narrateCall({ name: 'Gus', call: call(403), earlier: [] })?.text).toBe(
      'Linq answers 403: it refuses.',
    );
  });

  it('as trouble when Linq took it and showed nothing', () => {
    const told = narrateCall({ name: 'Ben', call: call(204, T, 'not_imessage'), earlier: [] });
    expect(told).toEqual({ mark: 'trouble', text: 'Ben: a call to no effect (not_imessage).' });
  });
});
