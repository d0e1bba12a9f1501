import { readFileSync } from 'node:fs';

export interface Instruction {
  readonly name: string;
  /** `--from=build` and such, without the dashes. */
  readonly flags: Readonly<Record<string, string>>;
  readonly text: string;
  /** Words of the text, or the entries of a JSON list. */
  readonly words: readonly string[];
}

/** The instructions of a Dockerfile in order, comments left out and continued lines joined. */
export function readDockerfile(path: string): readonly Instruction[] {
  const text = readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => !/^\s*(#|$)/.test(line))
    .join('\n')
    .replaceAll(/\\\n\s*/g, '');
  return text.split('\n').map(parseInstruction);
}

function parseInstruction(line: string): Instruction {
  const [, name = '', rest = ''] = /^([A-Z]+)\s+(.*)$/.exec(line) ?? [];
  const flags: Record<string, string> = {};
  const text = rest.replace(/^(--[\w-]+=\S+\s+)+/, (given) => {
    for (const [, flag = '', value = ''] of given.matchAll(/--([\w-]+)=(\S+)/g)) flags[flag] = value;
    return '';
  });
  const list = /\[.*\]$/.exec(text)?.[0];
  const words = list === undefined ? text.split(/\s+/) : (JSON.parse(list) as string[]);
  return { name, flags, text, words };
}

/** The stages, each beginning with its FROM; what comes before the first (ARG) is in none. */
export function stagesOf(instructions: readonly Instruction[]): readonly (readonly Instruction[])[] {
  const stages: Instruction[][] = [];
  for (const instruction of instructions) {
    if (instruction.name === 'FROM') stages.push([]);
    stages.at(-1)?.push(instruction);
  }
  return stages;
}

/** Everything that ENV instructions set. */
export function environmentOf(stage: readonly Instruction[]): Readonly<Record<string, string>> {
  const pairs = stage.filter(({ name }) => name === 'ENV').flatMap(({ words }) => words);
  return Object.fromEntries(pairs.map((pair) => [pair.split('=')[0], pair.slice(pair.indexOf('=') + 1)]));
}

/** Whether an allow-list .dockerignore (everything out, then exceptions) lets a path into the build. */
export function isInContext(ignoreFile: string, path: string): boolean {
  const lines = readFileSync(ignoreFile, 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));
  if (lines[0] !== '*') throw new Error('not an allow-list');
  return lines.slice(1).some((line) => line === `!${path}` || path.startsWith(`${line.slice(1)}/`));
}
