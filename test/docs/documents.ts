import { fileURLToPath } from 'node:url';
import { renderDeciding } from './deciding.ts';
import { renderOpenApi } from './openapi.ts';

/** A file that tells what the program says of itself. `npm run docs` writes it. */
export interface Document {
  /** From the project's root. */
  readonly path: string;
  readonly render: () => string | Promise<string>;
}

export const DOCUMENTS: readonly Document[] = [
  { path: 'docs/openapi.json', render: renderOpenApi },
  { path: 'docs/deciding.md', render: renderDeciding },
];

export const placeOf = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));
