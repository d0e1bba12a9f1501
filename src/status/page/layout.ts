import type { FastifyReply } from 'fastify';
import type { Overview } from '../schemas.ts';
import { ASSETS } from './assets.ts';
import { type Content, type Html, html } from './html.ts';

/** What every page tells of the service beside its own body. */
export type Service = Pick<Overview, 'ok' | 'problems' | 'version' | 'paused' | 'dryRun' | 'now'>;

export interface Page {
  /** Before the product's name in the browser's title, and nowhere else: the body has its own heading. */
  readonly title: string;
  readonly current: 'overview' | 'chats';
  /** The inside of `<main>`. While the page is open the script keeps it up to date, element by element. */
  readonly body: Html;
  readonly service: Service;
  /** One sentence on top: what became of what the operator just asked for. */
  readonly notice?: { readonly kind: 'done' | 'failed'; readonly text: string } | null;
}

/**
 * A whole document. Draw the body from `html`, with the parts of `parts.ts` (badges, times, tables); `service` is the
 * answer of `createOverview(deps)`. Send it with `sendPage`.
 */
export function renderPage({ title, current, body, service, notice = null }: Page): string {
  const link = (name: Page['current'], href: string, text: string) =>
    html`<a href="${href}"${current === name && html` aria-current="page"`}>${text}</a>`;
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
<header class="top" id="top">
<div class="wide">
<a class="brand" href="/">${MARK}<span>contact-card-reactor</span></a>
<nav aria-label="Pages">${link('overview', '/', 'Overview')}${link('chats', '/chats', 'Chats')}</nav>
<p class="flags">${flags(service)}</p>
</div>
</header>
<main class="wide" id="main" tabindex="-1">
${notice !== null && html`<p class="notice notice-${notice.kind}" role="status">${notice.text}</p>`}
${body}
</main>
<footer class="wide" id="foot">
<p>contact-card-reactor ${service.version} · as of <time datetime="${service.now}">${clock(service.now)}</time></p>
<p id="live" role="status"></p>
</footer>
</body>
</html>
`.toString();
}

/** Sends a page: never kept by anyone, and nothing runs in it but the service's own style and script. */
export function sendPage(reply: FastifyReply, page: string, statusCode = 200): FastifyReply {
  return reply
    .code(statusCode)
    .header('content-security-policy', POLICY)
    .header('cache-control', 'no-store')
    .type('text/html; charset=utf-8')
    .send(page);
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

function flags({ ok, problems, paused, dryRun }: Service): Content {
  return [
    paused && html`<span class="badge badge-warn">Paused</span> `,
    dryRun && html`<span class="badge badge-info">Dry run</span> `,
    ok
      ? problems.length === 0
        ? html`<span class="badge badge-ok">All well</span>`
        : html`<span class="badge badge-warn">${count(problems.length, 'warning')}</span>`
      : html`<span class="badge badge-error">Needs you</span>`,
  ];
}

const count = (number: number, word: string) => `${number} ${word}${number === 1 ? '' : 's'}`;

/** `2026-11-22 19:11 UTC`: to the minute, so that a page on which nothing happens stays the same for a while. */
const clock = (iso: string) => `${iso.slice(0, 16).replace('T', ' ')} UTC`;
