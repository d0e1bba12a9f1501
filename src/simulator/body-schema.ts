import type { TSchema } from 'typebox';
import { Check } from 'typebox/value';
import { isObject } from './reply.ts';

/** The JSON Schema keywords used in control bodies. */
interface Words {
  readonly type?: string;
  readonly title?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly TSchema[];
  readonly items?: TSchema;
  readonly properties?: Readonly<Record<string, TSchema>>;
  readonly required?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly additionalProperties?: unknown;
}

/** Rejects unknown fields, so that a typo doesn't pass for success. */
export const STRICT = { additionalProperties: false } as const;

/** Describes the allowed values; lists them if they are enumerated. */
function expected(schema: TSchema): string {
  const { type, enum: allowed, const: only, anyOf, items, minimum, maximum, properties } = schema as Words;
  if (allowed !== undefined) return listed(allowed.map((value) => JSON.stringify(value)));
  if (only !== undefined) return JSON.stringify(only);
  if (anyOf !== undefined) return listed(anyOf.map(expected));
  if (type === 'boolean') return 'true or false';
  if (type === 'array') return items === undefined ? 'a list' : `a list, each ${expected(items)}`;
  if (type === 'object') return properties === undefined ? 'an object of texts' : 'an object';
  if (type !== 'integer' && type !== 'number') return type === 'string' ? 'text' : (type ?? 'any JSON');
  const kind = type === 'integer' ? 'a whole number' : 'a number';
  if (minimum === undefined) return kind;
  return maximum === undefined ? `${kind} from ${minimum}` : `${kind} from ${minimum} to ${maximum}`;
}

function listed(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
}

/** What is wrong with a value: each mistake names the field and the allowed values; empty if it fits. */
export function mistakesIn(schema: TSchema, value: unknown, field = ''): string[] {
  if (Check(schema, value)) return [];
  const { properties, required = [], additionalProperties, items } = schema as Words;
  const at = (name: string) => (field === '' ? name : `${field}.${name}`);
  if (properties !== undefined && isObject(value)) {
    const names = Object.keys(properties);
    const unknown = Object.keys(value).filter(
      (name) => additionalProperties === false && !names.includes(name),
    );
    return [
      ...unknown.map((name) => `${at(name)}: no such field; allowed: ${names.join(', ') || 'none'}`),
      ...Object.entries(properties).flatMap(([name, inner]) => {
        if (name in value) return mistakesIn(inner, value[name], at(name));
        return required.includes(name) ? [`${at(name)}: missing; expected ${expected(inner)}`] : [];
      }),
    ];
  }
  if (items !== undefined && Array.isArray(value))
    return (value as unknown[]).flatMap((item, index) => mistakesIn(items, item, `${field}[${index}]`));
  return [`${field || 'body'}: expected ${expected(schema)}, got ${shortened(value)}`];
}

function shortened(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length <= 80 ? text : `${text.slice(0, 79)}…`;
}

/** Describes a body's fields for people: allowed values, whether required, and meaning. */
export function describeFields(schema: TSchema): Readonly<Record<string, string>> {
  const { properties = {}, required = [] } = schema as Words;
  return Object.fromEntries(
    Object.entries(properties).map(([name, field]) => {
      const { title, description, default: preset } = field as Words;
      const need = required.includes(name) ? ', required' : '';
      const otherwise = preset === undefined ? '' : ` (default: ${JSON.stringify(preset)})`;
      const meaning = description === undefined ? '' : `: ${description}`;
      return [name, `${title ?? expected(field)}${need}${otherwise}${meaning}`];
    }),
  );
}
