import { startRunningApp } from './running-app.ts';

type Json = Readonly<Record<string, unknown>>;

export interface Operation {
  readonly operationId: string;
  readonly tags: readonly string[];
  readonly security: readonly Json[];
  readonly parameters?: readonly { readonly name: string; readonly in: string }[];
  readonly responses: Readonly<Record<string, { readonly content?: Readonly<Record<string, Media>> }>>;
}

interface Media {
  readonly schema: object;
}

export interface OpenApi extends Json {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Json>>; readonly securitySchemes: Json };
}

/** The description as the program serves it, and the routes it really has. */
export async function readOpenApi(): Promise<{ document: OpenApi; routes: readonly string[] }> {
  const { server, routes, stop } = await startRunningApp();
  try {
    return { document: (await server.inject('/openapi.json')).json(), routes };
  } finally {
    await stop();
  }
}

/** `docs/openapi.json`. */
export async function renderOpenApi(): Promise<string> {
  const { document } = await readOpenApi();
  return `${JSON.stringify(document, null, 2)}\n`;
}
