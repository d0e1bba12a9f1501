import { readdirSync, readFileSync } from 'node:fs';
import { placeOf } from './documents.ts';

/** A request that a document shows, and what it says comes back. */
export interface Example {
  /** `README.md:145` */
  readonly where: string;
  /** As `GET`. */
  readonly method: string;
  readonly path: string;
  /** Only these of the answer's fields are shown; null: all. */
  readonly fields: readonly string[] | null;
  readonly json: string;
}

/** Requests to the service itself, with the JSON that follows. */
const CALL =
  /^\$ curl (?<flags>.*?)(?:https?:\/\/)?(?:localhost|127\.0\.0\.1):8080(?<path>\/[^\s'"?]*)\S*(?: \| jq '\{(?<fields>[^}]+)\}')?\n(?<json>\{[\s\S]*?\n\})/gm;

/** Every example of the README and of `docs/`. */
export function readExamples(): readonly Example[] {
  const files = ['README.md', ...readdirSync(placeOf('docs')).map((name) => `docs/${name}`)];
  return files.filter((name) => name.endsWith('.md')).flatMap(examplesIn);
}

function examplesIn(file: string): readonly Example[] {
  const text = readFileSync(placeOf(file), 'utf8');
  return [...text.matchAll(CALL)].map(({ index, groups = {} }) => {
    const { flags = '', path = '', fields, json = '' } = groups;
    const method = /-X ?([A-Z]+)/.exec(flags)?.[1] ?? 'GET';
    const line = text.slice(0, index).split('\n').length;
    const shown = fields?.split(',').map((field) => field.trim()) ?? null;
    return { where: `${file}:${line}`, method, path, fields: shown, json };
  });
}
