import { fileURLToPath } from 'node:url';
import { renderDeciding } from './deciding.ts';
import { renderEnvExample } from './env-example.ts';
import { renderOpenApi } from './openapi.ts';
import { renderProblems } from './problems.ts';
import { renderSettings } from './settings.ts';

/** A file that tells what the program says of itself. `npm run docs` writes it. */
export interface Document {
  /** From the project's root. */
  readonly path: string;
  readonly render: () => string | Promise<string>;
}

export const DOCUMENTS: readonly Document[] = [
  { path: '.env.example', render: renderEnvExample },
  { path: 'docs/openapi.json', render: renderOpenApi },
  { path: 'docs/problems.md', render: renderProblems },
  { path: 'docs/settings.md', render: renderSettings },
  { path: 'docs/deciding.md', render: renderDeciding },
];

export const placeOf = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));
