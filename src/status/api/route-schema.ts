import type { TSchema } from 'typebox';
import { answer, ErrorSchema } from '../../http/answers.ts';

/** By HTTP status. */
type Answers = Readonly<Record<number, TSchema>>;

/** These routes accept the token either way. */
export const TOKEN_SECURITY = [{ bearer: [] }, { basic: [] }];
export const NO_SECURITY: { [scheme: string]: string[] }[] = [];

const RETRY_LATER = 'Try again after `Retry-After` seconds.';

/** For every route that needs a token. */
export const LOGIN_ANSWERS = {
  401: answer('The token is missing or wrong.', ErrorSchema),
  403: answer('`NO_STATUS_TOKEN`: the service has no STATUS_TOKEN.', ErrorSchema),
  429: answer(
    `\`TOO_MANY_LOGINS\`: 20 logins from this address failed within a minute. The right token still works. ${RETRY_LATER}`,
    ErrorSchema,
  ),
};

const GUARDED = {
  ...LOGIN_ANSWERS,
  503: answer(`The database is unavailable. ${RETRY_LATER}`, ErrorSchema),
};

const CHANGING = {
  403: answer(
    '`NO_STATUS_TOKEN`: the service has none. `CROSS_SITE`: with HTTP Basic, changes need `Sec-Fetch-Site: same-origin`.',
    ErrorSchema,
  ),
  413: answer('The body is too large; none is needed.', ErrorSchema),
  415: answer('The `Content-Type` is malformed; none is needed.', ErrorSchema),
};

/** For every route with a name in its path. */
export const NAMED_ANSWERS = {
  400: answer(
    'The path is badly encoded, or the name in it contains a space or an invisible character.',
    ErrorSchema,
  ),
  414: answer('The name in the path is too long.', ErrorSchema),
};

export const CHAT_NOT_FOUND_ANSWER = answer('`CHAT_NOT_FOUND`: the chat is unknown.', ErrorSchema);

/** The answers of a read-only route: its own, and those of every token-protected route. */
export const lookAnswers = <Own extends Answers>(own: Own) => ({ ...GUARDED, ...own });

/** The answers of a route that changes something. */
export const changeAnswers = <Own extends Answers>(own: Own) => ({ ...GUARDED, ...CHANGING, ...own });
