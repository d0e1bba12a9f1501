import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const read = (path: string) => readFileSync(`${ROOT}${path}`, 'utf8');

/** Requirements of levels 1 and 2 by chapter and section, as of ASVS 5.0.0; level 1 is starred. */
const REQUIREMENTS: Readonly<Record<string, string>> = {
  '2.1': '1* 2 3',
  '2.2': '1* 2* 3',
  '2.3': '1* 2 3 4',
  '2.4': '1',
  '4.1': '1* 2 3',
  '4.2': '1',
  '4.3': '1 2',
  '4.4': '1* 2 3 4',
  '11.1': '1 2',
  '11.2': '1 2 3',
  '11.3': '1* 2* 3',
  '11.4': '1* 2 3 4',
  '11.5': '1',
  '11.6': '1',
  '13.1': '1',
  '13.2': '1 2 3 4 5',
  '13.3': '1 2',
  '13.4': '1* 2 3 4 5',
  '15.1': '1* 2 3',
  '15.2': '1* 2 3',
  '15.3': '1* 2 3 4 5 6 7',
  '16.1': '1',
  '16.2': '1 2 3 4 5',
  '16.3': '1 2 3 4',
  '16.4': '1 2 3',
  '16.5': '1 2 3',
};
const ITEMS = Object.entries(REQUIREMENTS).flatMap(([section, numbers]) =>
  numbers
    .split(' ')
    .map((number) => `${section}.${Number.parseInt(number, 10)} L${number.endsWith('*') ? 1 : 2}`),
);

const ROWS = [
  ...read('docs/security.md').matchAll(/^\| (\d+\.\d+\.\d+ L[12]) \| (.+?) \| (.+?) \| (.+?) \|$/gm),
].map(([, item = '', verdict = '', why = '', shownBy = '']) => ({ item, verdict, why, shownBy }));

describe('the ASVS table', () => {
  it('has every requirement of levels 1 and 2 of its chapters once, in order', () => {
    expect(ROWS.map(({ item }) => item)).toEqual(ITEMS);
  });

  it('says of each whether it is met', () => {
    expect(ROWS.filter(({ verdict }) => !['met', 'partly', 'n/a'].includes(verdict))).toEqual([]);
  });

  it('names for each that is met a test that is there', () => {
    const paths = ({ shownBy }: (typeof ROWS)[number]) =>
      [...shownBy.matchAll(/`(test\/\S+\.test\.ts)`/g)].map(([, path]) => path ?? '');
    expect(ROWS.filter((row) => row.verdict === 'met' && paths(row).length === 0)).toEqual([]);
    expect(ROWS.filter(({ shownBy }) => shownBy !== '–' && !/^`test\/\S+\.test\.ts`$/.test(shownBy))).toEqual(
      [],
    );
    expect(ROWS.flatMap(paths).filter((path) => !existsSync(`${ROOT}${path}`))).toEqual([]);
  });
});

describe('what the page claims of packages and the log', () => {
  it('is so: exact versions, hashes and one registry', () => {
    const { packages } = JSON.parse(read('package-lock.json')) as {
      packages: Record<string, Record<string, unknown>>;
    };
    const others = Object.entries(packages).filter(([path]) => path !== '');
    expect(others.length).toBeGreaterThan(100);
    expect(others.filter(([, { integrity }]) => typeof integrity !== 'string').map(([path]) => path)).toEqual(
      [],
    );
    // an address in the lock file would say where a package comes from, whatever registry npm is set to
    expect(others.filter(([, { resolved }]) => resolved !== undefined).map(([path]) => path)).toEqual([]);
    expect(read('.npmrc')).toContain('strict-allow-scripts=true');
    const { dependencies } = JSON.parse(read('package.json')) as { dependencies: Record<string, string> };
    expect(Object.values(dependencies).filter((version) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([]);
  });

  it('is so: time frames for weaknesses, and every kind of line that the log has', () => {
    const page = read('docs/security.md');
    expect(page).toMatch(/within 7 days[\s\S]*within\s+30 days/);
    const kinds = new Set(
      readdirSync(`${ROOT}src`, { recursive: true, encoding: 'utf8' })
        .filter((name) => name.endsWith('.ts'))
        .flatMap((name) => [...read(`src/${name}`).matchAll(/\},?\s+'([a-z_]+)\.[a-z_]+',?\s*\)/g)])
        .map(([, kind]) => `\`${kind}.*\``),
    );
    expect(kinds.size).toBeGreaterThan(8);
    expect([...kinds].filter((kind) => !page.includes(kind))).toEqual([]);
  });
});
