import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { CORE_EVENTS } from '../../../src/decide/subscription.ts';
import { PAYLOAD_VERSION } from '../../../src/setup/subscription-plan.ts';
import { run } from '../cli/terminal.ts';

const text = readFileSync(new URL('../../../docs/install.md', import.meta.url), 'utf8');

it('docs/install.md has every option of setup, and none that isn’t there', async () => {
  const { out } = await run('setup --help');
  const offered = [...out.matchAll(/^ {2}(?:-\w, )?(--[a-z-]+)/gm)].map(([, option]) => option);
  const told = [...text.matchAll(/^\| `(--[a-z-]+)/gm)].map(([, option]) => option);
  expect(told.toSorted()).toEqual(
    [...offered.filter((option) => option !== '--help'), '--env-file'].toSorted(),
  );
});

it('docs/install.md creates by hand what setup creates on every account', () => {
  const [, json = ''] = /-d '(\{[^']*\})'/.exec(text) ?? [];
  const asked: unknown = JSON.parse(json);
  expect(asked).toEqual({
    target_url: `https://cards.example.com/webhooks/linq?version=${PAYLOAD_VERSION}`,
    subscribed_events: CORE_EVENTS,
  });
});
