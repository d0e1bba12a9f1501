import { PayloadError } from '../../../src/errors.ts';
import { parseDelivery } from '../../../src/webhook/parse.ts';
import { message2025, message2026 } from '../../helpers/deliver.ts';

export type Tree = Record<string, unknown>;
export const parse = (event: Tree) => parseDelivery(Buffer.from(JSON.stringify(event)));

/** The event with the field at `path` replaced; undefined removes it. */
export function withField(event: Tree, path: string, value: unknown): Tree {
  const [key = '', ...rest] = path.split('.');
  const inner = event[key];
  const next = rest.length === 0 ? value : withField((inner ?? {}) as Tree, rest.join('.'), value);
  return { ...event, [key]: next };
}

/** The event, if it is one, and the places of what couldn't be read. */
export function parseNoting(event: Tree) {
  const unreadable: string[] = [];
  const parsed = parseDelivery(Buffer.from(JSON.stringify(event)), (field) => unreadable.push(field));
  return { event: parsed.kind === 'event' ? parsed.event : null, unreadable };
}

/** What is told of the chat; throws unless it is an event of a chat. */
export function told(event: Tree) {
  const parsed = parse(event);
  if (parsed.kind !== 'event' || parsed.event.kind !== 'chat') throw new Error(JSON.stringify(parsed));
  return parsed.event;
}

/** Why it is ignored, or 'an event'. */
export const reasonOf = (event: Tree) => {
  const parsed = parse(event);
  return parsed.kind === 'ignored' ? parsed.reason : 'an event';
};

/** Why it can't be read. */
export const complaintOf = (event: Tree) => {
  try {
    return JSON.stringify(parse(event));
  } catch (error) {
    if (error instanceof PayloadError) return error.message;
    throw error;
  }
};

/** An instant of one day. */
export const T = (time: string) => Date.parse(`2026-11-03T${time}Z`);
export const iso = (at: number) => new Date(at).toISOString();
/** Version, builder, and where the parts and times are. */
export const versions = [
  ['2026-02-03', message2026, 'data'],
  ['2025-01-01', message2025, 'data.message'],
] as const;
