import { Type } from 'typebox';

/** The kinds of fields that answers have. Each is described, since `GET /openapi.json` tells of all of them. */

export const words = <W extends string>(all: readonly W[], description: string) =>
  Type.Unsafe<W>({ type: 'string', enum: all, description });

export const wordOrNull = <W extends string>(all: readonly W[], description: string) =>
  Type.Unsafe<W | null>({ type: ['string', 'null'], enum: [...all, null], description });

export const flag = (description: string) => Type.Boolean({ description });

export const flagOrNull = (description: string) =>
  Type.Unsafe<boolean | null>({ type: ['boolean', 'null'], description });

export const text = (description: string) => Type.String({ description });

export const textOrNull = (description: string) =>
  Type.Unsafe<string | null>({ type: ['string', 'null'], description });

export const count = (description: string) => Type.Integer({ minimum: 0, description });

export const countOrNull = (description: string) =>
  Type.Unsafe<number | null>({ type: ['integer', 'null'], description });

/** ISO 8601, UTC. */
export const instant = (description: string) => Type.String({ format: 'date-time', description });

/** ISO 8601, UTC. */
export const instantOrNull = (description: string) =>
  Type.Unsafe<string | null>({ type: ['string', 'null'], format: 'date-time', description });
