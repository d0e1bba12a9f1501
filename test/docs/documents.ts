import { fileURLToPath } from 'node:url';
import { renderOpenApi } from './openapi.ts';

/** A file that tells what the program says of itself. `npm run docs` writes it. */
export interface Document {
  /** From the project's root. */
  readonly path: string;
  readonly render: () => string | Promise<string>;
}

export const DOCUMENTS: readonly Document[] = [{ path: 'docs/openapi.json', render: renderOpenApi }];

export const placeOf = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));
