/** What a template accepts: text is escaped, `Html` is inserted as is, null, undefined and false render nothing. */
export type Content = Html | string | number | null | undefined | false | readonly Content[];

/** Markup that is safe to send. Only the `html` tag creates it, so all outside input has been escaped. */
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
 * Builds markup: html`<p title="${title}">${text}</p>`. Values are escaped for text and quoted attributes,
 * lists are joined, other `Html` nests. Never insert a value where escaping doesn't help: in a script or
 * style, as a tag or attribute name, or at the start of a URL.
 * @throws {TypeError} if a value is in an unquoted attribute
 */
export function html(strings: TemplateStringsArray, ...values: readonly Content[]): Html {
  return Html.join(strings, values);
}

/** An attribute name and `=`, with no quote opened before it. */
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
