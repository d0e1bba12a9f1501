import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';

/** Reads the import lines of a source tree. It knows no folder of ours, so that it can read any version of it. */

export interface SourceFile {
  /** Relative to the tree. */
  readonly name: string;
  readonly text: string;
}

export interface Import {
  /** Both relative to the tree; a package or a `node:` module stands as it is written. */
  readonly from: string;
  readonly to: string;
  readonly isTypeOnly: boolean;
}

export function readSources(tree: string): readonly SourceFile[] {
  return readdirSync(tree, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.[jt]s$/.test(name))
    .map((name) => ({ name, text: readFileSync(join(tree, name), 'utf8') }));
}

export function importsOf({ name, text }: SourceFile): readonly Import[] {
  const statements = text.matchAll(/^(?:import|export)\s+(type\s)?([^;'"]*?from\s+)?['"]([^'"]+)['"]/gms);
  const dynamic = text.matchAll(/\bimport\(\s*['"]([^'"]+)['"]/g);
  return [
    ...[...statements].map(([, type, , to]) => ({ to: to ?? '', isTypeOnly: type !== undefined })),
    ...[...dynamic].map(([, to]) => ({ to: to ?? '', isTypeOnly: false })),
  ].map(({ to, isTypeOnly }) => ({ from: name, to: target(name, to), isTypeOnly }));
}

function target(from: string, to: string): string {
  const root = resolve('/');
  return to.startsWith('.') ? relative(root, resolve(root, dirname(from), to)) : to;
}

/**
 * Groups of files that import one another, directly or through others; types count as well. Each is sorted, and ends up
 * in one group at the most.
 */
export function circlesOf(files: readonly SourceFile[]): readonly (readonly string[])[] {
  const names = new Set(files.map(({ name }) => name));
  const targets = new Map(
    files.map((file) => [
      file.name,
      importsOf(file)
        .map(({ to }) => to)
        .filter((to) => names.has(to)),
    ]),
  );
  const reached = new Map([...names].map((name) => [name, reachableFrom(name, targets)]));
  const reaches = (from: string, to: string) => reached.get(from)?.has(to) === true;
  const circles = new Map<string, readonly string[]>();
  for (const name of [...names].sort()) {
    if (!reaches(name, name)) continue;
    const members = [...names].filter((other) => reaches(name, other) && reaches(other, name)).sort();
    circles.set(members.join(' '), members);
  }
  return [...circles.values()];
}

/** Itself only if a path leads back to it. */
function reachableFrom(start: string, targets: ReadonlyMap<string, readonly string[]>): ReadonlySet<string> {
  const reached = new Set<string>();
  const open = [...(targets.get(start) ?? [])];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (reached.has(name)) continue;
    reached.add(name);
    open.push(...(targets.get(name) ?? []));
  }
  return reached;
}

/** File names that occur in several folders, each with its places. */
export function namesTwice(files: readonly string[]): readonly string[] {
  const byName = new Map<string, string[]>();
  for (const file of files) byName.set(basename(file), [...(byName.get(basename(file)) ?? []), file]);
  return [...byName]
    .filter(([, places]) => places.length > 1)
    .map(([name, places]) => `${name}: ${places.join(' ')}`);
}
