import { Errors } from 'typebox/schema';
import { afterAll, expect } from 'vitest';
import { readOpenApi } from '../../../docs/generate/openapi.ts';
import { operationsOf } from '../../../docs/generate/openapi-rules.ts';

/** What came back, of whatever means was used to ask. */
export interface Answered {
  readonly status: number;
  readonly contentType: string | undefined;
  readonly text: string;
}

/** The one operation whose answers Linq gets. */
export const DELIVERY = 'receiveDelivery';

export const { document } = await readOpenApi();
export const OPERATIONS = operationsOf(document);

/** What is wrong with a JSON value by one of the document's schemas, fields that it doesn't tell of included. */
export function faultsBySchema(schema: object, value: unknown): readonly string[] {
  const [, errors] = Errors({ ...CLOSED, ...closed(schema) }, value);
  return errors.map(({ instancePath, message }) => `${instancePath} ${message}`);
}

/** A document's reader may ignore new fields; a test that compares the two may not. */
function closed<T>(part: T): T {
  if (Array.isArray(part)) return part.map(closed) as T;
  if (part === null || typeof part !== 'object') return part;
  const copy = Object.fromEntries(Object.entries(part).map(([key, value]) => [key, closed(value)]));
  const isOpen = copy.type === 'object' && 'properties' in copy && !('additionalProperties' in copy);
  return (isOpen ? { ...copy, additionalProperties: false } : copy) as T;
}

const CLOSED = closed(document);

/**
 * The returned function fails unless the document tells of this answer of this operation, and of everything in it.
 * The file's tests have to bring about every answer that the document tells of these operations.
 */
export function createContract(isOurs: (operationId: string) => boolean) {
  const seen = new Set<string>();
  afterAll(() => {
    const own = OPERATIONS.filter(({ operation }) => isOurs(operation.operationId));
    const told = own.flatMap(({ operation }) =>
      Object.keys(operation.responses).map((status) => `${operation.operationId} ${status}`),
    );
    expect(
      told.filter((one) => !seen.has(one)),
      'told, but never answered',
    ).toEqual([]);
  });

  return (operationId: string, { status, contentType, text }: Answered): void => {
    const found = OPERATIONS.find(({ operation }) => operation.operationId === operationId);
    const response = found?.operation.responses[status];
    expect(
      response,
      `${operationId} answers ${status}, of which the document doesn't tell: ${text}`,
    ).toBeDefined();
    seen.add(`${operationId} ${status}`);
    const [told] = Object.entries(response?.content ?? {});
    if (told === undefined) {
      expect(text).toBe('');
      return;
    }
    const [type, { schema }] = told;
    expect(contentType?.split(';')[0]).toBe(type);
    if (type === 'application/json') expect(faultsBySchema(schema, JSON.parse(text))).toEqual([]);
  };
}

export type Contract = ReturnType<typeof createContract>;
