import { expect } from 'vitest';
import { type startStatus, TOKEN } from '../status/harness.ts';
import { type Answered, type Contract, OPERATIONS } from './contract.ts';

export const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
export const BEARER = bearer(TOKEN);

/** An operation, with a path that leads to it. */
export interface Route {
  readonly id: string;
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly url: string;
}

const ROUTES: readonly (Route & { readonly isOpen: boolean })[] = OPERATIONS.map(
  ({ name, path, operation }) => ({
    id: operation.operationId,
    method: name.split(' ')[0] as Route['method'],
    url: path.replace('{chatId}', 'chat-1').replace('{line}', '%2B12025550100'),
    isOpen: operation.security.length === 0,
  }),
);
const isStatus = ({ url }: Route) => url.startsWith('/status');

/** Every operation of the status routes; in its path, a chat and a line of the tests. */
export const GUARDED: readonly Route[] = ROUTES.filter(isStatus);
/** What else can be looked at with a token, and without one. */
export const OTHERS = ROUTES.filter((route) => !isStatus(route) && route.method === 'GET');

type Server = Pick<Awaited<ReturnType<typeof startStatus>>['app'], 'inject'>;

/** Asks with the token unless told otherwise; fails unless the answer is as expected and as the document tells. */
export function createAsker(check: Contract) {
  return async (
    { app }: { readonly app: Server },
    { id, method, url }: Route,
    expected: number,
    asking: { headers?: Record<string, string>; payload?: string } = {},
  ): Promise<void> => {
    const answer = await app.inject({ method, url, headers: BEARER, ...asking });
    expect(answer.statusCode, `${id}: ${answer.body}`).toBe(expected);
    check(id, answeredBy(answer));
  };
}

export function answeredBy(answer: { statusCode: number; headers: object; body: string }): Answered {
  const contentType = (answer.headers as Record<string, string | undefined>)['content-type'];
  return { status: answer.statusCode, contentType, text: answer.body };
}
