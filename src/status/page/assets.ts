import { createHash } from 'node:crypto';
import { ICON } from './icon.ts';
import { LIVE_SCRIPT } from './live-script.ts';
import { STYLE } from './style.ts';

export interface Asset {
  /** Holds the content's hash, so that it may be kept for ever. */
  readonly path: string;
  readonly type: string;
  readonly content: string;
}

/** What pages load. */
export const ASSETS = {
  style: asset('style', 'css', 'text/css; charset=utf-8', STYLE),
  live: asset('live', 'js', 'text/javascript; charset=utf-8', LIVE_SCRIPT),
  icon: asset('icon', 'svg', 'image/svg+xml', ICON),
} as const;

function asset(name: string, ending: string, type: string, content: string): Asset {
  const hash = createHash('sha256').update(content).digest('hex').slice(0, 12);
  return { path: `/assets/${name}-${hash}.${ending}`, type, content };
}
