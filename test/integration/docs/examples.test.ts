import { describe, expect, it } from 'vitest';
import { type Example, readExamples } from '../../../docs/generate/examples.ts';
import { PROBLEM_WORDS, type ProblemCode, showProblem } from '../../../src/status/problems/problem-words.ts';
import type { Problem } from '../../../src/status/view/schemas.ts';
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
    expect(showProblem(found, Date.parse(since), false)).toEqual({
      code,
      severity,
      since,
      line,
      message,
      remedy,
    });
  });
});
