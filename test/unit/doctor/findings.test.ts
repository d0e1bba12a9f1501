import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createReport } from '../../../src/doctor/check.ts';
import type { FindingCode } from '../../../src/doctor/finding.ts';
import { CHECKS, FINDINGS } from '../../../src/doctor/finding.ts';
import { EXAMPLES } from './examples.ts';

const CODES = Object.keys(FINDINGS) as FindingCode[];
const DOCUMENT = readFileSync(new URL('../../../docs/doctor.md', import.meta.url), 'utf8');

describe.each(CODES)('%s', (code) => {
  const made = [EXAMPLES[code]()].flat();
  const finding = made.find((one) => one.code === code);

  it('is what its judgement finds, as the catalogue says', () => {
    const [id, state] = FINDINGS[code];
    expect(finding).toMatchObject({ id, state, title: CHECKS[id] });
  });

  it('says in sentences what was found and what to do', () => {
    expect(finding?.message).toMatch(/[.)]$|^- .*$/m);
    expect(finding?.remedy).toMatch(/^[A-Z`].*[.)]$/s);
    expect((finding?.remedy ?? '').length).toBeGreaterThan(15);
  });

  it('tells no number in full', () => {
    expect(JSON.stringify(finding)).not.toMatch(/\+\d{8,}/);
  });
});

describe('docs/doctor.md', () => {
  it('explains every finding under its check, and no other', () => {
    const sections = DOCUMENT.split(/^## /m).slice(1);
    const told = sections.flatMap((section) => {
      const id = /^.*?`(\w+)`/.exec(section)?.[1] ?? '';
      return [...section.matchAll(/^\| `(\w+)` \| (error|warning) \|/gm)].map(([, code, state]) => [
        code,
        id,
        state,
      ]);
    });
    const known = CODES.map((code) => [code, ...FINDINGS[code]]);
    expect(told.toSorted()).toEqual(known.toSorted());
  });

  it('has a title for every check', () => {
    const titles = [...DOCUMENT.matchAll(/^## (.*) \(`(\w+)`\)$/gm)].map(([, title, id]) => [id, title]);
    expect(Object.fromEntries(titles)).toEqual(CHECKS);
  });
});

it('a check that fails says what the installation lacks; otherwise it asks to be reported', async () => {
  const failing = (error: Error) => async () => Promise.reject(error);
  const lacking = new Error('of the installation');
  const adviseOnInstallation = (error: unknown) => (error === lacking ? 'install it again.' : null);
  const { report } = createReport({ adviseOnInstallation });
  const [lacked] = await report('database', failing(lacking));
  expect(lacked).toMatchObject({ state: 'skipped', message: 'install it again.' });
  const [failed] = await report('database', failing(new TypeError('about a secret')));
  expect(failed?.message).toBe('This check itself failed (TypeError): please report it.');
});
