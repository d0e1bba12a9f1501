import type { FastifyReply, FastifyRequest } from 'fastify';
import { type Refusal, refuse } from '../../http/answers.ts';
import { html } from './html.ts';
import { renderMessage, sendPage } from './layout.ts';

const HEADINGS: Readonly<Record<number, string>> = {
  401: 'This page needs your STATUS_TOKEN',
  403: 'This isn’t allowed',
  404: 'There is no such thing',
  409: 'This can’t be done now',
  429: 'Too many failed logins',
  503: 'The service can’t do this now',
};

/** As `refuse`; who reads in a browser gets a page. What lies below `/status` is for programs, whoever asks. */
export function refuseReadably(reply: FastifyReply, refusal: Refusal, more: object = {}): FastifyReply {
  if (!isRead(reply.request)) return refuse(reply, refusal, more);
  const { statusCode, code, message } = refusal;
  const heading = code === 'NO_STATUS_TOKEN' ? 'This page needs a STATUS_TOKEN' : HEADINGS[statusCode];
  const steps = code === 'NO_STATUS_TOKEN' ? HOW_TO_SET : code === 'NO_TOKEN' ? HOW_TO_LOG_IN : BACK;
  const body = html`<p>${message}</p>
${steps}
<p class="muted">${statusCode} <code>${code}</code></p>`;
  return sendPage(reply, renderMessage(heading ?? 'That didn’t work', body), statusCode);
}

/** By the route, not the path: that may have more slashes. */
function isRead({ headers, routeOptions }: FastifyRequest): boolean {
  return headers.accept?.includes('text/html') === true && routeOptions.url?.startsWith('/status') !== true;
}

const HOW_TO_SET = html`<ol>
<li>Make one, for example with <code>openssl rand -hex 24</code>.</li>
<li>Put it into <code>.env</code> as <code>STATUS_TOKEN=…</code>, or into the environment.</li>
<li>Restart the service, and load this page again: any user name will do, and the token is the password.</li>
</ol>`;
const HOW_TO_LOG_IN = html`<p>Load this page again: any user name will do, and the token is the password.</p>`;
const BACK = html`<p><a href="/">Go to the overview</a></p>`;
