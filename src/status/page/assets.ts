import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { FastifyInstance } from 'fastify';

interface Asset {
  /** Holds the content's hash: another content has another path, so each may be kept for ever. */
  readonly path: string;
  readonly type: string;
  readonly content: string;
}

/** What pages load, read once. The build copies these files beside the program. */
export const ASSETS = {
  style: asset('style.css', 'text/css', ['base.css', 'parts.css', 'overview.css', 'chats.css']),
  live: asset('live.js', 'text/javascript', ['live.js']),
  icon: asset('icon.svg', 'image/svg+xml', ['icon.svg']),
} as const;

function asset(name: string, type: string, files: readonly string[]): Asset {
  const read = (file: string) => readFileSync(new URL(`./assets/${file}`, import.meta.url), 'utf8');
  const content = files.map(read).join('\n');
  const hash = createHash('sha256').update(content).digest('hex').slice(0, 12);
  const dot = name.lastIndexOf('.');
  return {
    path: `/assets/${name.slice(0, dot)}-${hash}${name.slice(dot)}`,
    type: `${type}; charset=utf-8`,
    content,
  };
}

/** Serves what pages load. It is the same for everyone and tells nothing, so it needs no token. */
export function assetRoutes(app: FastifyInstance): void {
  for (const { path, type, content } of Object.values(ASSETS)) {
    app.get(path, (_request, reply) =>
      reply.header('cache-control', 'public, max-age=31536000, immutable').type(type).send(content),
    );
  }
}
