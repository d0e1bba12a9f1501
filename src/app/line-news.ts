import type { Recordable } from '../store/store.ts';

/**
 * The returned function is true for events that say something of a line, or that come from a line for the first time
 * since start: then the dispatcher has to read its lines anew.
 */
export function createLineNews(): (entries: readonly Recordable[]) => boolean {
  const known = new Set<string>();
  return (entries) => {
    let hasNews = false;
    for (const event of entries) {
      if ('sealed' in event || event.kind === 'card') continue;
      const line = event.kind === 'line' ? event.line : (event.outbound?.line ?? null);
      if (line === null || (event.kind === 'chat' && known.has(line))) continue;
      known.add(line);
      hasNews = true;
    }
    return hasNews;
  };
}
