import { describe, expect, it } from 'vitest';
import { type Example, readExamples } from '../../../docs/generate/examples.ts';
import { type ChatRecord, newChat } from '../../../src/decide/chat.ts';
import { decideShare } from '../../../src/decide/share.ts';
import { maskNumber } from '../../../src/decide/text.ts';
import { HOUR } from '../../../src/decide/time.ts';
import { PROBLEM_WORDS, type ProblemCode, showProblem } from '../../../src/status/problems/problem-words.ts';
import { explain } from '../../../src/status/view/explanation.ts';
import type { ChatView, Problem } from '../../../src/status/view/schemas.ts';
import { isoTime } from '../../../src/status/view/wording.ts';
import { policyOf } from '../../helpers/builders.ts';
import { document, faultsBySchema, OPERATIONS } from './contract.ts';

const EXAMPLES = readExamples();

/** The schema of what the example's request is answered when all goes well; of some of its fields, if only they are shown. */
function schemaOf({ method, path, fields }: Example): object {
  const fits = (name: string) =>
    new RegExp(`^${name.replaceAll(/\{\w+\}/g, '[^/]+')}$`).test(`${method} ${path}`);
  const operation = OPERATIONS.find(({ name }) => fits(name))?.operation;
  const schema = operation?.responses['200']?.content?.['application/json']?.schema;
  if (schema === undefined) throw new Error(`the document has no ${method} ${path}`);
  if (fields === null) return schema;
  const named = document.components.schemas[String(Object.values(schema)[0]).split('/').at(-1) ?? ''];
  return { ...named, required: fields };
}

describe('the examples of the README and of docs/', () => {
  it('are found: a chat and the whole picture at least', () => {
    expect(EXAMPLES.map(({ path }) => path.replace(/chats\/.+/, 'chats/…'))).toEqual(
      expect.arrayContaining(['/status', '/status/chats/…']),
    );
  });

  it.each(EXAMPLES)('$where is what the route answers', (example) => {
    const value: unknown = JSON.parse(example.json);
    expect(faultsBySchema(schemaOf(example), value)).toEqual([]);
    if (example.fields !== null) expect(Object.keys(value as object)).toEqual(example.fields);
  });

  it.each(EXAMPLES)('$where shows no number in full', ({ json }) => {
    expect(json.match(/\+\d{7,}/g)).toBeNull();
  });

  const problems = EXAMPLES.flatMap(({ where, json }) =>
    ((JSON.parse(json) as { problems?: Problem[] }).problems ?? []).map((problem) => ({ where, problem })),
  );
  it.each(problems)('$where has a problem in the words of the program', ({ problem }) => {
    const { code, severity, since, line, message, remedy } = problem;
    expect(Object.keys(PROBLEM_WORDS)).toContain(code);
    const found = {
      code: code as ProblemCode,
      ...(line === null ? {} : { line: line.replace('•••••', '2025550') }),
    };
    expect(showProblem(found, Date.parse(since), maskNumber)).toEqual({
      code,
      severity,
      since,
      line,
      message,
      remedy,
    });
  });
});

describe('a chat that an example shows as waiting', () => {
  const chats = EXAMPLES.map(({ where, json }) => ({
    where,
    shown: JSON.parse(json) as Partial<ChatView>,
  })).filter(({ shown }) => shown.state === 'waiting');

  it('is there', () => {
    expect(chats).not.toEqual([]);
  });

  it.each(chats)('$where explains it in the words of the program, an hour after the share', ({ shown }) => {
    const lastSharedAt = Date.parse(shown.lastSharedAt ?? '');
    const lastOutboundAt = Date.parse(shown.lastOutboundAt ?? '');
    const chat: ChatRecord = { ...newChat('example'), lastOutboundAt, lastSharedAt, shareCount: 1 };
    const decision = decideShare(
      { ...chat, line: '+12025550100', service: 'iMessage', firstOutboundAt: lastOutboundAt },
      policyOf(),
      lastSharedAt + HOUR,
    );
    const { state, reason, nextAttemptAt } = decision;
    const now = lastSharedAt + HOUR;
    expect(shown).toMatchObject({
      state,
      reason,
      nextAttemptAt: isoTime(nextAttemptAt),
      explanation: explain({ chat, state, reason, nextAttemptAt, hold: null, policy: policyOf(), now }),
    });
  });
});
