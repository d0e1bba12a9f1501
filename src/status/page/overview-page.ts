import { html } from './html.ts';
import { type Notice, renderPage } from './layout.ts';
import { charts, chatsByState } from './overview-chats.ts';
import { attempts, deliveries, nextDue } from './overview-lists.ts';
import { lines, service } from './overview-service.ts';
import { judge, problems, tiles, verdict } from './overview-verdict.ts';
import type { OverviewPage } from './overview-view.ts';

/** The first page: is all well, what to do if not, and what is going on. */
export function renderOverview(page: OverviewPage, notice: Notice | null): string {
  return renderPage({
    title: judge(page)[1],
    current: 'overview',
    service: page.overview,
    notice,
    body: html`${verdict(page)}${problems(page)}${tiles(page)}
<div class="cards">${charts(page)}
<div class="stack">${chatsByState(page)}${nextDue(page)}</div>
<div class="stack">${lines(page)}${service(page)}</div>
${attempts(page)}${deliveries(page)}</div>`,
  });
}
