import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const FILES = ['.', 'docs', 'deploy']
  .flatMap((folder) => readdirSync(join(ROOT, folder)).map((name) => join(folder, name)))
  .filter((path) => path.endsWith('.md'));

interface Page {
  readonly links: readonly string[];
  readonly anchors: ReadonlySet<string>;
}

/** The links of a Markdown text, and the anchors that GitHub gives its headings; code is neither. */
function readPage(text: string): Page {
  const prose = text.replaceAll(/^ *```[\s\S]*?^ *```/gm, '');
  const links = [...prose.replaceAll(/`[^`\n]*`/g, 'code').matchAll(/\]\(([^)\s]+)\)/g)];
  const anchors = new Set<string>();
  for (const [, heading = ''] of prose.matchAll(/^#{1,6} (.+)$/gm)) {
    const slug = heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}_ -]/gu, '')
      .replaceAll(' ', '-');
    let anchor = slug;
    for (let count = 1; anchors.has(anchor); count++) anchor = `${slug}-${count}`;
    anchors.add(anchor);
  }
  return { links: links.map(([, target = '']) => target), anchors };
}

/** The links that lead nowhere; `read` gives the text of a file of the tree, or null. */
function brokenLinks(path: string, read: (path: string) => string | null): readonly string[] {
  const { links } = readPage(read(path) ?? '');
  return links.filter((link) => {
    if (/^[a-z]+:/.test(link)) return false;
    const [file = '', anchor] = link.split('#');
    const target = file === '' ? path : normalize(join(dirname(path), file));
    const text = read(target);
    if (text === null) return true;
    return anchor !== undefined && !readPage(text).anchors.has(anchor);
  });
}

const readTree = (path: string) =>
  existsSync(join(ROOT, path)) ? readFileSync(join(ROOT, path), 'utf8') : null;

describe('links between documents', () => {
  it('are found', () => {
    expect(FILES).toEqual(expect.arrayContaining(['README.md', 'CONTRIBUTING.md', 'docs/deploy.md']));
    expect(readPage(readTree('README.md') ?? '').links.length).toBeGreaterThan(20);
  });

  it.each(FILES)('of %s lead to files and headings that there are', (path) => {
    expect(brokenLinks(path, readTree)).toEqual([]);
  });

  it('would be found broken if they were', () => {
    const tree = new Map([
      [
        'a.md',
        '# One\n\n## With `code`, twice\n\n## With `code`, twice\n\n[ok](#one) [ok](docs/b.md#b) [ok](https://x.y/#z)',
      ],
      [
        'docs/b.md',
        '# B\n\n[ok](../a.md#with-code-twice-1) [no](../a.md#with-code-twice-2) [no](a.md) [no](#c)',
      ],
    ]);
    const read = (path: string) => tree.get(path) ?? null;
    expect(brokenLinks('a.md', read)).toEqual([]);
    expect(brokenLinks('docs/b.md', read)).toEqual(['../a.md#with-code-twice-2', 'a.md', '#c']);
  });
});
