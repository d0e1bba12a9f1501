import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { deliver, message2026 } from '../helpers/deliver.ts';
import { type CoveredScript, type Frame, type ProbedService, startProbed } from './service.ts';

export interface Journeys {
  /** The files of each journey, one list for each time that it was made. */
  readonly delivery: readonly (readonly string[])[];
  /** The same, together with what the dispatcher does about it after the answer. */
  readonly deliveryAndTurn: readonly (readonly string[])[];
  readonly share: readonly (readonly string[])[];
  readonly json: readonly (readonly string[])[];
  readonly page: readonly (readonly string[])[];
  /** Stacks of the statements that a delivery, and a look at a chat, led to. */
  readonly recordStacks: readonly (readonly Frame[])[];
  readonly lookStacks: readonly (readonly Frame[])[];
  /** What ran, as it was compiled, with the extents of its functions. */
  readonly scripts: ReadonlyMap<string, CompiledScript>;
}

export interface CompiledScript {
  readonly source: string;
  readonly functions: readonly { readonly start: number; readonly end: number }[];
}

/** Two moments, and what ran between them. */
interface Watch {
  readonly begin: () => Promise<void>;
  readonly end: () => Promise<readonly CoveredScript[]>;
}

/** Code that runs once (statements to prepare, schemas to compile) isn't part of a journey. */
const WARM_UP = 6;
const TIMES = 5;

/**
 * Makes each journey several times in a real process and notes which files of `src` run code of theirs.
 * @param root the folder of the tree that is measured
 */
export async function measureJourneys(root: string): Promise<Journeys> {
  const service = await startProbed(root);
  const src = pathToFileURL(join(root, 'src/')).href;
  const extents = new Map<string, Map<string, { start: number; end: number }>>();
  /** Those of `src`; how far each function goes is remembered. */
  const ours = (all: readonly CoveredScript[]) => {
    const scripts = all.filter(({ url }) => url.startsWith(src));
    for (const { url, functions } of scripts) {
      const known = extents.get(url) ?? new Map();
      for (const { ranges } of functions) {
        const { startOffset: start = 0, endOffset: end = 0 } = ranges[0] ?? {};
        known.set(`${start}-${end}`, { start, end });
      }
      extents.set(url, known);
    }
    return scripts;
  };
  const coverage: Watch = {
    begin: async () => void ours(await service.coverage()),
    end: () => service.coverage(),
  };
  const answering: Watch = { begin: service.watchAnswering, end: service.answering };
  const measure = async (journey: () => Promise<void>, { begin, end } = coverage) => {
    for (let time = 0; time < WARM_UP; time++) await journey();
    const runs: (readonly string[])[] = [];
    for (let time = 0; time < TIMES; time++) {
      await begin();
      await journey();
      runs.push(filesThatRan(ours(await end()), src));
    }
    return runs;
  };
  const stacksOf = async (journey: () => Promise<void>) => {
    await service.watchStatements();
    await journey();
    return await service.statements();
  };
  try {
    const share = await measure(() => deliverAndShare(service));
    await service.call('PUT', '/status/pause');
    const held = () => deliverHeld(service);
    const delivery = await measure(held, answering);
    const deliveryAndTurn = await measure(held);
    const chatId = await deliverFirst(service);
    const lookAt = async (path: string) => void (await service.call('GET', path));
    const json = await measure(() => lookAt(`/status/chats/${chatId}`));
    const page = await measure(() => lookAt(`/chats/${chatId}`));
    const recordStacks = await stacksOf(held);
    const lookStacks = await stacksOf(() => lookAt(`/status/chats/${chatId}`));
    const sources = await service.sources([...extents.keys()]);
    const scripts = new Map(
      [...sources].map(([url, source]) => [
        url,
        { source, functions: [...(extents.get(url)?.values() ?? [])] },
      ]),
    );
    return { delivery, deliveryAndTurn, share, json, page, recordStacks, lookStacks, scripts };
  } finally {
    await service.stop();
  }
}

async function deliverFirst(service: ProbedService): Promise<string> {
  const chatId = randomUUID();
  const event = message2026({ chatId, sentAt: Date.now() });
  const { status } = await deliver(service.url, event);
  if (status !== 204) throw new Error(`a delivery was answered ${status}`);
  return chatId;
}

async function deliverHeld(service: ProbedService): Promise<void> {
  await deliverFirst(service);
}

async function deliverAndShare(service: ProbedService): Promise<void> {
  const chatId = await deliverFirst(service);
  await service.logged('attempt.settled', 'chatId', chatId);
}

/** Files of which a function ran; what runs while a module is loaded doesn't count. */
export function filesThatRan(scripts: readonly CoveredScript[], src: string): readonly string[] {
  const ran = scripts.filter(({ functions }) =>
    functions.some(({ functionName, ranges: [whole] }) => {
      const isModule = functionName === '' && whole?.startOffset === 0;
      return !isModule && (whole?.count ?? 0) > 0;
    }),
  );
  const names = ran.map(({ url }) => decodeURIComponent(url.slice(src.length)).replace(/\?.*$/, ''));
  return [...new Set(names)].sort();
}
