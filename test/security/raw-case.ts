/** What comes back: exactly these statuses, or `refused`: one 4xx at most, then the connection ends. */
export type Expected = 'refused' | 'silence' | readonly number[];

export interface RawCase {
  readonly name: string;
  readonly bytes: string | readonly string[];
  readonly expected: Expected;
  readonly ending?: 'half-close' | 'reset';
}

export const HOST = 'host: reactor\r\n';
export const JSON_TYPE = 'content-type: application/json\r\n';
/** The head of a delivery, as far as its length. */
export const POST = `POST /webhooks/linq HTTP/1.1\r\n${HOST}${JSON_TYPE}`;

export function refused(name: string, bytes: string | readonly string[]): RawCase {
  return { name, bytes, expected: 'refused' };
}

export function answered(
  name: string,
  bytes: string | readonly string[],
  ...expected: readonly number[]
): RawCase {
  return { name, bytes, expected };
}
