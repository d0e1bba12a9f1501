import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';

const FOLDER = fileURLToPath(new URL('../../.github/workflows/', import.meta.url));
const FILES = readdirSync(FOLDER);

interface Job {
  readonly needs?: string | readonly string[];
  readonly permissions?: Readonly<Record<string, string>>;
}

describe.each(FILES)('the workflow %s', (file) => {
  const text = readFileSync(`${FOLDER}${file}`, 'utf8');
  const workflow: { permissions: Record<string, string>; jobs: Record<string, Job> } = parse(text);

  it('uses actions of one commit, and names its version', () => {
    const uses = [...text.matchAll(/uses: (.*)$/gm)].map(([, used = '']) => used);
    expect(uses.length).toBeGreaterThan(1);
    const isPinned = /^([\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+|\.\/\.github\/workflows\/[\w-]+\.yml)$/;
    expect(uses.filter((used) => !isPinned.test(used))).toEqual([]);
  });

  it('may only read, unless a job says what else it needs', () => {
    expect(Object.values(workflow.permissions).filter((access) => access !== 'read')).toEqual([]);
    for (const [name, { permissions = {} }] of Object.entries(workflow.jobs))
      for (const [scope, access] of Object.entries(permissions))
        if (access !== 'read')
          expect({ name, line: text }).toMatchObject({ line: expect.stringContaining(`${scope}: write #`) });
  });

  it('waits only for jobs that there are', () => {
    for (const { needs = [] } of Object.values(workflow.jobs))
      for (const needed of [needs].flat()) expect(Object.keys(workflow.jobs)).toContain(needed);
  });

  it('puts nothing that others write into a shell', () => {
    const scripts = [...text.matchAll(/run: (?:\|\n((?: {10}.*\n)+)|(.*))/g)].map(
      ([, block, line]) => block ?? line,
    );
    expect(scripts.filter((script) => script?.includes('${{'))).toEqual([]);
  });
});

it('a release waits for the gate', () => {
  const { jobs }: { jobs: Record<string, Job> } = parse(readFileSync(`${FOLDER}release.yml`, 'utf8'));
  for (const name of ['archive', 'image']) expect(jobs[name]?.needs).toBe('gate');
});
