import { describe, expect, it } from 'vitest';
import type { MessageFields } from '../../helpers/deliver.ts';
import { parse, type Tree, told, versions, withField } from './parsing.ts';

describe.each(versions)('a message of version %s', (_version, message, place) => {
  const build = (fields: MessageFields = {}, changes: Tree = {}) =>
    Object.entries(changes).reduce((event, [path, value]) => withField(event, path, value), message(fields));

  const optOut = (fields: MessageFields, parts?: unknown) =>
    told(build({ isOutbound: false, ...fields }, parts === undefined ? {} : { [`${place}.parts`]: parts }))
      .inbound?.isOptOut;
  const text = (value: unknown) => ({ type: 'text', value });

  it('is an opt-out when the whole message is the word', () => {
    expect(optOut({ text: ' stop ' })).toBe(true);
    expect(optOut({ text: 'STOP', isGroup: null })).toBe(true);
    expect(optOut({}, [text('OPT-'), text('OUT'), text(null)])).toBe(true);
  });

  it('is none in a group, in a longer text, or beside anything but text', () => {
    expect(optOut({ text: 'STOP', isGroup: true })).toBe(false);
    expect(optOut({ text: 'please stop' })).toBe(false);
    expect(optOut({}, [text('STOP'), text('it')])).toBe(false);
    expect(optOut({}, [text('STOP'), { type: 'media' }])).toBe(false);
    expect(optOut({}, [])).toBe(false);
  });

  it('is one although there is an odd part beside it: what can be read is the whole message', () => {
    const odd = ['x', 7, null, {}, { type: 9 }, text(5), text({ text: 'it' }), { type: 'from the future' }];
    for (const part of odd) {
      expect(optOut({}, [part, text('STOP')])).toBe(true);
      expect(optOut({}, [text('Hello'), part])).toBe(false);
      expect(optOut({}, [part, text('STOP'), { type: 'media' }])).toBe(false);
    }
  });

  it('opts neither out nor in when nothing of it can be read', () => {
    for (const parts of [
      null,
      'STOP',
      [7],
      [text({})],
      [text(null)],
      [{ value: 'STOP' }],
      [{ type: 'mention' }],
    ])
      expect(optOut({}, parts)).toBeNull();
    const untold = build({ isOutbound: false }, { [`${place}.parts`]: undefined });
    expect(told(untold).inbound?.isOptOut).toBeNull();
    expect(optOut({ isGroup: true }, null)).toBe(false);
  });

  it('never carries the text on', () => {
    expect(JSON.stringify(parse(build({ isOutbound: false, text: 'canary words' })))).not.toContain('canary');
  });
});
