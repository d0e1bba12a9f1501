import type { FastifyInstance } from 'fastify';
import { Type } from 'typebox';
import type { Clock } from '../../clock.ts';
import { SECOND } from '../../decide/time.ts';
import { StoreError } from '../../errors.ts';
import type { Overview } from '../view/schemas.ts';
import { NO_SECURITY } from './route-schema.ts';

interface BadgeDeps {
  /** @throws {StoreError} by rejecting */
  readonly overview: () => Promise<Overview>;
  readonly clock: Pick<Clock, 'monotonic'>;
}

/** Real time. The route is open, so more frequent requests must cause no work. */
const KEPT_MS = 5 * SECOND;

/** `GET /badge.svg`, for a wiki or a wall display. Open, because it only shows how many problems there are. */
export function badgeRoute(app: FastifyInstance, { overview, clock }: BadgeDeps): void {
  let drawn: { readonly at: number; readonly svg: Promise<string> } | null = null;

  async function draw(): Promise<string> {
    try {
      return drawBadge(judge(await overview()));
    } catch (error) {
      if (error instanceof StoreError) return drawBadge(judge(null));
      throw error;
    }
  }

  app.get('/badge.svg', { schema: BADGE_SCHEMA }, async (_request, reply) => {
    const at = clock.monotonic();
    if (drawn === null || at - drawn.at >= KEPT_MS) drawn = { at, svg: draw() };
    reply.header('cache-control', 'max-age=60');
    reply.header('cross-origin-resource-policy', 'cross-origin'); // it is meant to be embedded in other sites
    return reply.type('image/svg+xml; charset=utf-8').send(await drawn.svg);
  });
}

const BADGE_SCHEMA = {
  operationId: 'getBadge',
  summary: 'Get a badge that says whether all is well',
  description:
    'A small SVG: `all well`, `2 warnings`, `1 error`, `paused` or `dry run`. At most 5 seconds old; caches keep it for a minute.',
  tags: ['Health'],
  security: NO_SECURITY,
  response: {
    200: {
      description: 'The badge.',
      content: { 'image/svg+xml': { schema: Type.String() } },
    },
  },
};

/** What the badge says about the service: a few words, nothing about chats or lines. */
export interface Verdict {
  readonly words: string;
  readonly tone: 'good' | 'warning' | 'bad' | 'quiet';
}

const LABEL = 'contact cards';
/** White text has a contrast of at least 4.5 on each of these. */
const TONES: Readonly<Record<Verdict['tone'], string>> = {
  good: '#1a7f37',
  warning: '#9a6700',
  bad: '#cf222e',
  quiet: '#57606a',
};
const LABEL_COLOUR = '#24292f';

/** The first that applies. @param overview null: the database can't be read, which counts as one error */
export function judge(overview: Pick<Overview, 'problems' | 'paused' | 'dryRun'> | null): Verdict {
  if (overview === null) return { words: '1 error', tone: 'bad' };
  const errors = overview.problems.filter(({ severity }) => severity === 'error').length;
  const warnings = overview.problems.length - errors;
  if (errors > 0) return { words: counted(errors, 'error'), tone: 'bad' };
  if (overview.paused) return { words: 'paused', tone: 'quiet' };
  if (warnings > 0) return { words: counted(warnings, 'warning'), tone: 'warning' };
  return overview.dryRun ? { words: 'dry run', tone: 'quiet' } : { words: 'all well', tone: 'good' };
}

const counted = (count: number, what: string) => `${count} ${what}${count === 1 ? '' : 's'}`;

const HEIGHT = 20;
const PADDING = 8;

/** No script, style sheet, font or id, so that a page can embed it inline, more than once. */
export function drawBadge({ words, tone }: Verdict): string {
  const left = widthOf(LABEL) + 2 * PADDING;
  const width = left + widthOf(words) + 2 * PADDING;
  const title = `${LABEL}: ${words}`;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${HEIGHT}" viewBox="0 0 ${width} ${HEIGHT}" role="img" aria-label="${title}">
<title>${title}</title>
<rect width="${width}" height="${HEIGHT}" rx="4" fill="${TONES[tone]}"/>
<path d="M4 0H${left}V${HEIGHT}H4a4 4 0 0 1-4-4V4a4 4 0 0 1 4-4z" fill="${LABEL_COLOUR}"/>
<g fill="#fff" font-family="Verdana,DejaVu Sans,Geneva,sans-serif" font-size="11" aria-hidden="true">${drawText(LABEL, PADDING)}${drawText(words, left + PADDING)}</g>
</svg>
`;
}

/** An explicit length makes the text fit whatever font is available. */
function drawText(text: string, x: number): string {
  return `<text x="${x}" y="14" textLength="${widthOf(text)}" lengthAdjust="spacingAndGlyphs">${text}</text>`;
}

/** Verdana letters that are narrower than most, at 11 px. */
const WIDTHS: Readonly<Record<string, number>> = { i: 3, l: 3, t: 4.3, r: 4.7, ' ': 3.9, w: 9, g: 7 };

function widthOf(text: string): number {
  const widths = [...text].map((letter) => WIDTHS[letter] ?? 6.8);
  return Math.round(widths.reduce((sum, width) => sum + width, 0));
}
