/** What may stand in a template: text is escaped, `Html` is taken as it is, nothing (null, undefined, false) stays empty. */
export type Content = Html | string | number | null | undefined | false | readonly Content[];

/** Markup that is safe to send. Only the `html` tag makes it, so whatever came from outside has been escaped. */
export class Html {
  readonly #markup: string;

  private constructor(markup: string) {
    this.#markup = markup;
  }

  toString(): string {
    return this.#markup;
  }

  static join(strings: TemplateStringsArray, values: readonly Content[]): Html {
    return new Html(strings.map((literal, at) => literal + place(literal, at, values)).join(''));
  }
}

/**
 * Builds markup: html`<p title="${title}">${text}</p>`. Values are escaped for text and for quoted attributes, lists
 * are joined, other `Html` nests. Never put a value where escaping doesn't help: inside a script or style, as a tag's
 * or an attribute's name, or at the start of an address.
 * @throws {TypeError} when a value stands in an attribute without quotes
 */
export function html(strings: TemplateStringsArray, ...values: readonly Content[]): Html {
  return Html.join(strings, values);
}

/** An attribute's name and `=`, with no quote opened before it. */
const BARE = /\s[\w-]+\s*=\s*$/;

function place(literal: string, at: number, values: readonly Content[]): string {
  if (at >= values.length) return '';
  if (BARE.test(literal)) throw new TypeError('a value needs quotes in an attribute');
  return write(values[at]);
}

function write(value: Content): string {
  if (value === null || value === undefined || value === false) return '';
  if (value instanceof Html) return value.toString();
  if (typeof value === 'object') return value.map(write).join('');
  return escapeText(String(value));
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escapeText(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '');
}
