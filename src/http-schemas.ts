import { type TProperties, type TSchema, Type } from 'typebox';

/** An object that is described once, under its name, and referred to from wherever it is answered. */
export function named<T extends TProperties>(title: string, description: string, fields: T) {
  return Type.Object(fields, { title, description });
}

/** The same schema as an answer of one route, in that route's words. */
export function answer<S extends TSchema>(description: string, schema: S): S {
  return { ...schema, 'x-response-description': description };
}

/** An answer without a body. */
export const emptyAnswer = (description: string) => answer(description, Type.Null());

export const ERROR_FIELDS = {
  statusCode: Type.Integer({ description: 'The HTTP status once more.' }),
  code: Type.String({ description: 'For programs: a stable word in capitals.' }),
  error: Type.String({ description: 'What HTTP calls the status.' }),
  message: Type.String({ description: 'For people: what is wrong and what to do. Its wording may change.' }),
};

/** The shape of every answer that is no success. */
export const ErrorSchema = named('Error', 'Why a request was refused.', ERROR_FIELDS);
