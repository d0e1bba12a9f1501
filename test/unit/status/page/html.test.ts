import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { html } from '../../../../src/status/page/html.ts';
import { createSeeded } from '../../../helpers/seed.ts';

const { seed } = createSeeded(
  'npx vitest run --config test/vitest.config.ts --project unit test/unit/status/page/html.test.ts',
);

const text = (content: Parameters<typeof html>[1]) => html`${content}`.toString();

describe('html', () => {
  it('escapes what could end a text or a quoted attribute', () => {
    const hostile = `<script>alert("x")</script>'&`;
    expect(html`<p title="${hostile}">${hostile}</p>`.toString()).toBe(
      '<p title="&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;&#39;&amp;">&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;&#39;&amp;</p>',
    );
  });

  it('leaves nothing for null, undefined and false, and writes 0', () => {
    expect(text([null, undefined, false, 0, ''])).toBe('0');
  });

  it('nests markup and joins lists without escaping twice', () => {
    const items = ['a', '<b>'].map((item) => html`<li>${item}</li>`);
    expect(html`<ul>${items}</ul>`.toString()).toBe('<ul><li>a</li><li>&lt;b&gt;</li></ul>');
  });

  it('refuses a value in an attribute without quotes', () => {
    expect(() => html`<a href=${'x onclick=y'}>a</a>`).toThrow(TypeError);
  });

  it('takes no object for markup that only looks like it', () => {
    const forged = { toString: () => '<script>' } as unknown as string;
    expect(() => text(forged)).toThrow();
  });

  it('lets no text open a tag, end an attribute or begin an entity of its own, and loses no character', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 40 }), (value) => {
        const written = text(value);
        expect(written).not.toMatch(/[<>"']/);
        expect(written).not.toMatch(/&(?!(amp|lt|gt|quot|#39);)/);
        expect(read(written)).toBe(value);
      }),
      { seed, numRuns: 1_000 },
    );
  });
});

const MEANT: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" };

/** As a browser reads it. */
function read(markup: string): string {
  return markup.replace(/&(amp|lt|gt|quot|#39);/g, (_, name: string) => MEANT[name] ?? '');
}
