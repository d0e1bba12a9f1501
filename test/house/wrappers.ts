import type { CompiledScript } from './journeys.ts';
import type { Frame } from './service.ts';

/**
 * Functions that stand between the caller of a store's method and what the method itself does: each only runs the work
 * that it was handed. Read from a call stack: a frame is a wrapper when the call that it is at
 * - is of a function that it, or a function around it, got as a parameter (`body()`, `commit()`), or of any by `.apply(`,
 * - goes to a package that calls back (SQLite's transactions), or
 * - goes to a store once more (`store.record(…)`).
 * A function and those inside it count once.
 * @param stack innermost call first
 * @returns outermost first; empty when nobody called a store
 */
export function wrappersOf(
  stack: readonly Frame[],
  scripts: ReadonlyMap<string, CompiledScript>,
): readonly string[] {
  const outermostFirst = [...stack].reverse();
  const caller = outermostFirst.findIndex((frame) => isStoreCall(calleeOf(frame, scripts)));
  if (caller === -1) return [];
  const inside = outermostFirst.slice(caller + 1);
  const counted: { readonly frame: Frame; readonly start: number; readonly end: number }[] = [];
  for (const [index, frame] of inside.entries()) {
    const around = functionsAround(frame, scripts);
    const [own] = around;
    if (own === undefined || !isWrapping(frame, inside.slice(index + 1), scripts)) continue;
    const outermost = outermostOnStack(frame, inside.slice(0, index), scripts) ?? own;
    const isCounted = counted.some(
      (other) => other.frame.url === frame.url && other.start <= own.start && own.end <= other.end,
    );
    if (!isCounted) counted.push({ frame, ...outermost });
  }
  return counted.map(
    ({ frame, start, end }) => `${nameOf(frame)} ${nameAt(frame, start, end, inside, scripts)}`,
  );
}

interface Extent {
  readonly start: number;
  readonly end: number;
}

function isWrapping(
  frame: Frame,
  further: readonly Frame[],
  scripts: ReadonlyMap<string, CompiledScript>,
): boolean {
  const callee = calleeOf(frame, scripts);
  if (isStoreCall(callee) || /\.(apply|call)$/.test(callee)) return true;
  const isCalledBack =
    further[0] !== undefined && !scripts.has(further[0].url) && further.some(({ url }) => scripts.has(url));
  if (isCalledBack) return true;
  const parameters = functionsAround(frame, scripts).flatMap((extent) =>
    parametersOf(textOf(frame, extent, scripts)),
  );
  const source = scripts.get(frame.url)?.source ?? '';
  const isHandedOn = /^[\w$]+\((\)|\.\.\.)/.test(source.slice(frame.position));
  return isHandedOn && parameters.includes(callee);
}

/** What is called at this frame, with what stands before it: `store.record`, `member.apply`, `body`. */
function calleeOf({ url, position }: Frame, scripts: ReadonlyMap<string, CompiledScript>): string {
  const source = scripts.get(url)?.source ?? '';
  const before = /[\w$.]*$/.exec(source.slice(Math.max(0, position - 80), position))?.[0] ?? '';
  const name = /^[\w$]*/.exec(source.slice(position))?.[0] ?? '';
  return `${before}${name}`;
}

function isStoreCall(callee: string): boolean {
  return /(^|\.)store\.\w+$/.test(callee);
}

/** Innermost first. */
function functionsAround(
  { url, position }: Frame,
  scripts: ReadonlyMap<string, CompiledScript>,
): readonly Extent[] {
  const { source = '', functions = [] } = scripts.get(url) ?? {};
  return functions
    .filter(
      ({ start, end }) => start <= position && position < end && !(start === 0 && end === source.length),
    )
    .sort((one, other) => other.start - one.start);
}

/** The widest function around this frame that is on the stack itself. */
function outermostOnStack(
  frame: Frame,
  callers: readonly Frame[],
  scripts: ReadonlyMap<string, CompiledScript>,
): Extent | null {
  const active = callers
    .filter(({ url }) => url === frame.url)
    .flatMap((caller) => functionsAround(caller, scripts).slice(0, 1));
  const around = functionsAround(frame, scripts).filter((extent) =>
    active.some(({ start, end }) => start === extent.start && end === extent.end),
  );
  return around.at(-1) ?? null;
}

function textOf(
  { url }: Frame,
  { start, end }: Extent,
  scripts: ReadonlyMap<string, CompiledScript>,
): string {
  return scripts.get(url)?.source.slice(start, end) ?? '';
}

/** The names in a function's head. */
export function parametersOf(text: string): readonly string[] {
  const single = /^(?:async\s+)?([\w$]+)\s*=>/.exec(text);
  if (single?.[1] !== undefined) return [single[1]];
  const opening = text.indexOf('(');
  let depth = 0;
  for (let index = opening; index >= 0 && index < text.length; index++) {
    if (text[index] === '(') depth++;
    if (text[index] === ')' && --depth === 0)
      return [...text.slice(opening + 1, index).matchAll(/[\w$]+/g)].map(([name]) => name);
  }
  return [];
}

function nameOf({ url }: Frame): string {
  return url.replace(/^.*\//, '');
}

/** The name of the function with this extent, as the stack has it. */
function nameAt(
  frame: Frame,
  start: number,
  end: number,
  inside: readonly Frame[],
  scripts: ReadonlyMap<string, CompiledScript>,
): string {
  const named = inside.find((other) => {
    const [own] = functionsAround(other, scripts);
    return other.url === frame.url && own?.start === start && own.end === end;
  });
  return named?.name === undefined || named.name === '' ? '(nameless)' : named.name;
}
