import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DATABASE_PATH } from './database.ts';
import type { DiskCall } from './disk-shim.ts';
import type { Seeded } from './seed.ts';

/** The files of a database by their names, as they lie on a disk. */
export type Image = ReadonlyMap<string, Buffer>;

/** What a disk holds for sure, and what was only handed to it. */
export interface Disk {
  readonly apply: (call: DiskCall) => void;
  /**
   * What is left when the power goes now: of everything that wasn't synced nothing (no `seeded`), or some of it, in any
   * order, torn between sectors.
   */
  readonly losePower: (seeded: Seeded | null) => Image;
  /** What a program finds as long as the power stays. */
  readonly view: () => Image;
  /** Takes over what lies in the directory but was never told, as not synced. @returns how many files differed */
  readonly adopt: (directory: string) => number;
}

/** What a disk writes as a whole or not at all. */
const SECTOR_BYTES = 512;

/** Data written at an offset; null: the size is set to that offset. */
type Change = { readonly offset: number; readonly data: Buffer | null };

interface DiskFile {
  durable: Content;
  pending: Change[];
}

/** Names set or, with null, removed in one step. */
type Naming = readonly (readonly [name: string, file: DiskFile | null])[];

/** @param image what lies on it to begin with */
export function createDisk(image: Image = new Map()): Disk {
  const durableNames = new Map<string, DiskFile>();
  for (const [name, bytes] of image) durableNames.set(name, { durable: contentOf(bytes), pending: [] });
  const names = new Map(durableNames);
  let pendingNames: Naming[] = [];

  function name(naming: Naming): void {
    pendingNames.push(naming);
    applyNaming(names, naming);
  }

  function sync(name: string): void {
    if (name === '.') {
      for (const naming of pendingNames) applyNaming(durableNames, naming);
      pendingNames = [];
    }
    const file = names.get(name);
    if (file === undefined) return;
    for (const change of file.pending) applyChange(file.durable, change);
    file.pending = [];
  }

  const view = () => new Map([...names].map(([name, file]) => [name, bytesOf(afterAll(file))]));
  return {
    view,
    apply({ kind, name: of, to, offset, data }) {
      const file = names.get(of);
      if (kind === 'create') name([[of, { durable: contentOf(Buffer.alloc(0)), pending: [] }]]);
      else if (kind === 'unlink') name(removal(of));
      else if (kind === 'rename') name([...removal(of), [to, file ?? null]]);
      else if (kind === 'sync') sync(of);
      else if (file === undefined) return;
      else if (kind === 'write') file.pending.push({ offset, data });
      else if (kind === 'truncate') file.pending.push({ offset, data: null });
      else if (kind === 'failedSync') file.pending = []; // the system forgets what it couldn't write
    },
    losePower(seeded) {
      const left = new Map(durableNames);
      for (const naming of pendingNames.slice(0, seeded?.between(0, pendingNames.length) ?? 0)) {
        applyNaming(left, naming);
      }
      return new Map([...left].map(([name, file]) => [name, bytesOf(leftOf(file, seeded))]));
    },
    adopt(directory) {
      const found = readImage(directory);
      const told = view();
      let differing = 0;
      for (const name of new Set([...found.keys(), ...told.keys()])) {
        const [is, was] = [found.get(name), told.get(name)];
        if (is !== undefined && was !== undefined && is.equals(was)) continue;
        differing++;
        const file = names.get(name) ?? { durable: contentOf(Buffer.alloc(0)), pending: [] };
        if (is === undefined || was === undefined) {
          pendingNames.push([[name, is === undefined ? null : file]]);
          applyNaming(names, pendingNames.at(-1) ?? []);
        }
        if (is !== undefined) file.pending.push({ offset: 0, data: is }, { offset: is.length, data: null });
      }
      return differing;
    },
  };
}

const removal = (name: string): Naming => [[name, null]];

function applyNaming(names: Map<string, DiskFile>, naming: Naming): void {
  for (const [name, file] of naming) {
    if (file === null) names.delete(name);
    else names.set(name, file);
  }
}

function afterAll({ durable, pending }: DiskFile): Content {
  const content = contentOf(bytesOf(durable));
  for (const change of pending) applyChange(content, change);
  return content;
}

/** A file may be longer than what arrived of it: its size is written on its own. */
function leftOf(file: DiskFile, seeded: Seeded | null): Content {
  const left = contentOf(bytesOf(file.durable));
  if (seeded === null) return left;
  const share = seeded.random();
  for (const { offset, data } of file.pending) {
    if (data === null) {
      if (seeded.random() < share) applyChange(left, { offset, data });
      continue;
    }
    for (const sector of sectorsOf(offset, data)) if (seeded.random() < share) applyChange(left, sector);
  }
  const size = afterAll(file).size;
  if (left.size < size && seeded.random() < 0.5) applyChange(left, { offset: size, data: null });
  return left;
}

function sectorsOf(offset: number, data: Buffer): { offset: number; data: Buffer }[] {
  const sectors: { offset: number; data: Buffer }[] = [];
  for (let at = offset; at < offset + data.length; ) {
    const end = Math.min(offset + data.length, (Math.floor(at / SECTOR_BYTES) + 1) * SECTOR_BYTES);
    sectors.push({ offset: at, data: data.subarray(at - offset, end - offset) });
    at = end;
  }
  return sectors;
}

/** Bytes that grow; what lies beyond the size is zero. */
interface Content {
  bytes: Buffer;
  size: number;
}

const contentOf = (bytes: Buffer): Content => ({ bytes: Buffer.from(bytes), size: bytes.length });
const bytesOf = ({ bytes, size }: Content) => bytes.subarray(0, size);

function applyChange(content: Content, { offset, data }: Change): void {
  const end = offset + (data?.length ?? 0);
  if (end > content.bytes.length) {
    const grown = Buffer.alloc(Math.max(end, 2 * content.bytes.length));
    bytesOf(content).copy(grown);
    content.bytes = grown;
  }
  if (data === null) content.bytes.fill(0, end, Math.max(end, content.size));
  data?.copy(content.bytes, offset);
  content.size = data === null ? end : Math.max(content.size, end);
}

const FOLDER = dirname(DATABASE_PATH);
const STEM = DATABASE_PATH.slice(FOLDER.length + 1);

/** Files that hold nothing durable. */
const FLEETING_FILES = ['-shm', '.lock', '.cli-token'];

/** The database's files in a service's working directory, without the fleeting ones. */
export function readImage(directory: string): Image {
  const folder = join(directory, FOLDER);
  const names = readdirSync(folder).filter(
    (name) => name.startsWith(STEM) && !FLEETING_FILES.some((suffix) => name.endsWith(suffix)),
  );
  return new Map(names.map((name) => [name, readFileSync(join(folder, name))]));
}

/** Names that differ between two images; vitest compares long buffers byte by byte, for seconds. */
export function differing(one: Image, other: Image): string[] {
  const names = [...new Set([...one.keys(), ...other.keys()])];
  return names.filter((name) => !(one.get(name)?.equals(other.get(name) ?? NOTHING) ?? false));
}

const NOTHING = Buffer.from('nothing at all, which no file of a database holds');

/** Puts an image in the place of whatever database lies in a working directory. */
export function writeImage(image: Image, directory: string): void {
  const folder = join(directory, FOLDER);
  mkdirSync(folder, { recursive: true });
  for (const name of readdirSync(folder)) if (name.startsWith(STEM)) rmSync(join(folder, name));
  for (const [name, bytes] of image) writeFileSync(join(folder, name), bytes, { mode: 0o600 });
}
