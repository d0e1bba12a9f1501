import { expect } from 'vitest';
import { type Asking, ask } from '../helpers/status.ts';

/** A request that is refused, and how. */
export interface Refused {
  readonly path: string;
  readonly asking?: Asking;
  readonly status: number;
  readonly code?: string;
  readonly says: RegExp;
}

/** Puts the answers of a table beside what the table asks for, under readable names. */
export async function compare(
  url: string,
  rows: readonly Refused[],
  headers: Readonly<Record<string, string>>,
) {
  const answered: Record<string, unknown> = {};
  const expected: Record<string, unknown> = {};
  for (const { path, asking = {}, status, code, says } of rows) {
    const { method = 'GET' } = asking;
    const name = `${method} ${path} ${JSON.stringify(asking.headers ?? {})}`;
    const answer = await ask(url, path, { method, headers: { ...headers, ...asking.headers } });
    answered[name] = { status: answer.status, body: answer.body };
    const told = { statusCode: status, error: expect.any(String), message: expect.stringMatching(says) };
    expected[name] = { status, body: expect.objectContaining(code === undefined ? told : { ...told, code }) };
  }
  expect(answered).toEqual(expected);
}
