import { describe, expect, it } from 'vitest';
import type { MessageFields } from '../../helpers/deliver.ts';
import { complaintOf, parse, type Tree, versions, withField } from './parsing.ts';

describe.each(versions)('a message of version %s', (_version, message, place) => {
  const build = (fields: MessageFields = {}, changes: Tree = {}) =>
    Object.entries(changes).reduce((event, [path, value]) => withField(event, path, value), message(fields));

  const sender = place === 'data' ? 'data.sender_handle' : 'data.from_handle';
  it.each([
    [`${place}.parts`, undefined],
    [`${place}.parts`, 'text'],
    [`${place}.sent_at`, 'yesterday'],
    [`${place}.sent_at`, 1793722804902],
    ['created_at', 'today'],
    ['created_at', {}],
    ['data.service', 5],
    [`${sender}.is_me`, 'yes'],
    ...(place === 'data'
      ? [
          ['data.chat.id', undefined],
          ['data.chat.id', ''],
          ['data.chat.id', 7],
          ['data.chat.id', '..'],
          ['data.chat.id', 'x'.repeat(129)],
          ['data.chat.id', 'a\u0000b'],
          ['data.chat.id', '\ud800'],
          ['data.chat.is_group', 'no'],
          ['data.chat.owner_handle', '+12025550100'],
          ['data.chat.owner_handle.handle', 12025550100],
          ['data.chat.health_status', 'HEALTHY'],
          ['data.direction', undefined],
          ['data.direction', true],
        ]
      : [
          ['data.chat_id', undefined],
          ['data.chat_id', null],
          ['data.is_group', 1],
          ['data.is_from_me', undefined],
          ['data.is_from_me', 'true'],
          ['data.from_handle', []],
          ['data.message', undefined],
        ]),
    ['data', undefined],
    ['data', []],
  ] as [string, unknown][])('cannot be read when %s is %j, and says so without the value', (path, value) => {
    const event = build({ text: 'x' }, { [path]: value });
    expect(complaintOf(event)).toMatch(new RegExp(`^${path}: expected [^"]*$`));
    expect(() => parse(event)).toThrow(expect.objectContaining({ eventType: 'message.sent' }));
  });

  it.each([
    ['0', ['text']],
    ['0.type', [{}]],
    [
      '1.value',
      [
        { type: 'text', value: 'a' },
        { type: 'text', value: 5 },
      ],
    ],
  ])('cannot be read when part %s of a received one is broken', (where, parts) => {
    expect(complaintOf(build({ isOutbound: false }, { [`${place}.parts`]: parts }))).toMatch(
      `${place}.parts.${where}: `,
    );
  });
});
