import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type Refusal, refuse } from '../../http/answers.ts';
import { programFile } from '../../package-files.ts';
import type { Overview } from '../view/schemas.ts';
import { type Content, type Html, html } from './html.ts';
import type { Tone } from './page-words.ts';
import { badge, counted } from './parts.ts';

/** What every page shows about the service besides its own body. */
export interface ServiceHeader extends Pick<Overview, 'problems' | 'version' | 'paused' | 'dryRun' | 'now'> {
  /** It is a first start: nothing is wrong, but nothing was shared yet. */
  readonly isSettingUp?: boolean;
}

interface Page {
  /** Precedes the product name in the browser's title. The body has its own heading. */
  readonly title: string;
  readonly current: 'overview' | 'chats';
  /** The content of `<main>`. A script keeps it up to date while the page is open, element by element. */
  readonly body: Html;
  readonly service: ServiceHeader;
  /** One sentence on top: the result of the operator's last action. */
  readonly notice?: Notice | null;
}

export interface Notice {
  readonly kind: 'done' | 'failed';
  readonly text: string;
}

/**
 * A complete document. Build the body with `html` and the parts in `parts.ts` (badges, times, tables);
 * `service` is an overview, or as much of it as the header shows. Write absolute paths (`/chats`), and send the document
 * with `sendPage`.
 */
export function renderPage({ title, current, body, service, notice = null }: Page): string {
  const link = (name: Page['current'], href: string, text: string) =>
    html`<a href="${href}"${current === name && html` aria-current="page"`}>${text}</a>`;
  return document(
    title,
    html`<header class="top${service.paused && ' is-paused'}" id="top">
<div class="wide">
<a class="brand" href="/">${MARK}<span class="brand-name">contact-card-reactor</span></a>
<nav aria-label="Pages">${link('overview', '/', 'Overview')}${link('chats', '/chats', 'Chats')}</nav>
<p class="flags">${flags(service)}</p>
</div>
</header>
<p class="lost" id="lost" role="alert" hidden></p>
<main class="wide" id="main" tabindex="-1">
${notice !== null && html`<p class="notice notice-${notice.kind}" role="status">${notice.text}</p>`}
<div id="body">
${body}
</div>
</main>
<footer class="wide" id="foot">
<p>contact-card-reactor ${service.version}</p>
<p>as of <time class="exact" datetime="${toMinute(service.now)}Z">${clock(service.now)}</time><span id="live"></span></p>
</footer>`,
  );
}

/** A page for unauthenticated or invalid requests: a heading and what to do, nothing about the service's state. */
export function renderMessage(heading: string, body: Html): string {
  return document(
    heading,
    html`<main class="alone" id="main" tabindex="-1">
<p class="brand">${MARK}<span>contact-card-reactor</span></p>
<h1>${heading}</h1>
${body}
</main>`,
  );
}

function document(title: string, body: Html): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>${title} · contact-card-reactor</title>
<link rel="icon" href="${ASSETS.icon.path}" type="image/svg+xml">
<link rel="stylesheet" href="${ASSETS.style.path}">
<script src="${ASSETS.live.path}" defer></script>
</head>
<body>
<a class="skip" href="#main">Skip to content</a>
${body}
</body>
</html>
`.toString();
}

/**
 * Sends a page that is never cached and runs only the service's own style and script. Answers a matching
 * `If-None-Match` with 304.
 */
export function sendPage(reply: FastifyReply, markup: string, statusCode = 200): FastifyReply {
  const page = markup.replaceAll(FROM_TOP, `$1${wayToTop(reply.request)}`);
  const etag = `"${createHash('sha256').update(page).digest('base64url').slice(0, 27)}"`;
  reply.header('content-security-policy', POLICY).header('cache-control', 'no-store').header('etag', etag);
  if (statusCode === 200 && reply.request.headers['if-none-match'] === etag) return reply.code(304).send();
  return reply.code(statusCode).type('text/html; charset=utf-8').send(page);
}

/** The URL of one of our links, forms, styles or scripts. Text can't match, because quotes in text are escaped. */
const FROM_TOP = /( (?:href|src|action)=")\/(?!\/)/g;

/** Redirects to one of our pages after an action. */
export const leadTo = (reply: FastifyReply, path: string): FastifyReply =>
  reply.redirect(wayToTop(reply.request) + path.slice(1), 303);

/**
 * The relative path from the requested page to our root, which a proxy may have put below a path of its own.
 * Pages are written with absolute paths and sent with relative ones.
 */
function wayToTop({ originalUrl }: FastifyRequest): string {
  const [path = ''] = originalUrl.split('?');
  return '../'.repeat(path.split('/').length - 2) || './';
}

const POLICY = [
  "default-src 'none'",
  "style-src 'self'",
  "script-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

const MARK = html`<svg viewBox="0 0 24 24" width="24" height="24" aria-hidden="true"><rect x="1" y="1" width="22" height="22" rx="6.5" class="mark-back"/><circle cx="12" cy="9.6" r="3.4" class="mark-front"/><path d="M5.8 18.6c1-3 3.4-4.4 6.2-4.4s5.2 1.4 6.2 4.4" class="mark-line"/></svg>`;

function flags({ problems, paused, dryRun, isSettingUp = false }: ServiceHeader): Content {
  const errors = problems.filter(({ severity }) => severity === 'error').length;
  return [
    paused && badge('warn', html`${PAUSED}Paused`),
    dryRun && badge('info', 'Dry run'),
    errors > 0 && count('error', errors, 'problem'),
    problems.length > errors && count('warn', problems.length - errors, 'warning'),
    problems.length === 0 &&
      !paused &&
      (isSettingUp ? badge('info', 'Setting up') : badge('ok', 'No problems')),
  ];
}

const PAUSED = html`<span aria-hidden="true" class="bars"></span>`;

/** On a phone, the number alone is seen. */
function count(tone: Tone, problems: number, name: string): Html {
  const [figure, word = ''] = counted(problems, name).split(' ');
  return badge(tone, html`${figure}<span class="flag-word"> ${word}</span>`);
}

/** `2026-11-22 19:11 UTC`: to the minute, so that an idle page stays the same for a while. */
const clock = (iso: string) => `${toMinute(iso).replace('T', ' ')} UTC`;
const toMinute = (iso: string) => iso.slice(0, 16);

const HEADINGS: Readonly<Record<number, string>> = {
  403: 'Not allowed',
  404: 'Not found',
  409: 'Not possible now',
  429: 'Too many failed logins',
  503: 'Not available now',
};

/** Like `refuse`, but browsers get a page. Everything below `/status` is for programs, whatever the client. */
export function refuseReadably(reply: FastifyReply, refusal: Refusal, more: object = {}): FastifyReply {
  if (!isRead(reply.request)) return refuse(reply, refusal, more);
  const { statusCode, code, message } = refusal;
  const { heading, steps } = FOR_PEOPLE.get(code) ?? {
    heading: HEADINGS[statusCode] ?? 'That failed',
    steps: html`<p>${message}</p>${BACK}`,
  };
  const body = html`${steps}
<p class="muted">${statusCode} <code>${code}</code></p>`;
  return sendPage(reply, renderMessage(heading, body), statusCode);
}

/** Checks the route, not the path: the path may have more slashes. */
function isRead({ headers, routeOptions }: FastifyRequest): boolean {
  return headers.accept?.includes('text/html') === true && routeOptions.url?.startsWith('/status') !== true;
}

const BACK = html`<p><a href="/">Go to the overview</a></p>`;
const LOG_IN = html`<p>Reload this page. Enter any user name, and the service’s STATUS_TOKEN as the password.</p>`;
const HOW_TO_SET = html`<p>The service has none, so it shows nothing here.</p>
<ol>
<li>Make one, for example with <code>openssl rand -hex 24</code>.</li>
<li>Put it into <code>.env</code> as <code>STATUS_TOKEN=…</code>, or into the environment.</li>
<li>Restart the service and reload this page. Enter any user name, and the token as the password.</li>
</ol>`;

/** By code, where the refusal’s message tells programs what to send. */
const FOR_PEOPLE: ReadonlyMap<string, { readonly heading: string; readonly steps: Html }> = new Map([
  ['NO_STATUS_TOKEN', { heading: 'This page needs a STATUS_TOKEN', steps: HOW_TO_SET }],
  ['NO_TOKEN', { heading: 'This page needs your STATUS_TOKEN', steps: LOG_IN }],
  ['WRONG_TOKEN', { heading: 'Wrong token', steps: LOG_IN }],
  ['NOT_FOUND', { heading: 'Not found', steps: html`<p>There is no page at this address.</p>${BACK}` }],
]);

interface Asset {
  /** Contains the content's hash, so each version may be cached forever. */
  readonly path: string;
  readonly type: string;
  readonly content: string;
}

/** The pages' assets, read once. The build copies these files next to the program. */
export const ASSETS = {
  style: asset('style.css', 'text/css', ['base.css', 'parts.css', 'overview.css', 'chats.css']),
  live: asset('live.js', 'text/javascript', ['live.js']),
  icon: asset('icon.svg', 'image/svg+xml', ['icon.svg']),
} as const;

function asset(name: string, type: string, files: readonly string[]): Asset {
  const read = (file: string) => readFileSync(programFile(`status/page/assets/${file}`), 'utf8');
  const content = files.map(read).join('\n');
  const hash = createHash('sha256').update(content).digest('hex').slice(0, 12);
  const dot = name.lastIndexOf('.');
  return {
    path: `/assets/${name.slice(0, dot)}-${hash}${name.slice(dot)}`,
    type: `${type}; charset=utf-8`,
    content,
  };
}

/** Serves the pages' assets. They are the same for everyone and reveal nothing, so they need no token. */
export function assetRoutes(app: FastifyInstance): void {
  for (const { path, type, content } of Object.values(ASSETS)) {
    app.get(path, (_request, reply) =>
      reply.header('cache-control', 'public, max-age=31536000, immutable').type(type).send(content),
    );
  }
}
