import { faultOfText } from './kinds.ts';
import type { Setting } from './setting.ts';

export type Variables = Readonly<Record<string, string | undefined>>;

/** Where settings come from: the environment first, then the `.env` file. */
export interface Sources {
  readonly env: Variables;
  /** Variables of the `.env` file; none when there is no such file. */
  readonly envFile: Variables;
  /** What is wrong with the file itself, one sentence each. */
  readonly envFileMistakes?: readonly string[];
  /** What is odd about it, one sentence each. */
  readonly envFileWarnings?: readonly string[];
  /** Reads a secret's file. @throws as `fs.readFileSync` */
  readonly readFile: (path: string) => string;
}

/** A setting's text and where it came from, or nothing, or why it can't be told. */
export type Found = Text | { readonly mistake: string } | null;

/** Looks a setting up under its names and, for a secret, as a file. An empty text counts as unset. */
export function findSetting(setting: Setting<unknown>, sources: Sources): Found {
  const { name, aliases, isShared } = setting;
  const names = isShared ? [...aliases, name] : [name, ...aliases];
  const told = names
    .map((one) => findByName(one, setting.isSecret, sources))
    .filter((found) => found !== null);
  const mistake = told.find((found) => 'mistake' in found);
  if (mistake !== undefined) return mistake;
  if (isShared)
    return told.find((found) => 'text' in found && found.origin === 'environment') ?? told[0] ?? null;
  const texts = new Set(told.map((found) => ('text' in found ? found.text : '')));
  if (texts.size > 1) return { mistake: `${names.join(' and ')} differ: set one of them` };
  return told[0] ?? null;
}

function findByName(name: string, isSecret: boolean, sources: Sources): Found {
  const direct = findVariable(name, sources);
  const file = isSecret ? findVariable(`${name}_FILE`, sources) : null;
  if (direct !== null && file !== null) return { mistake: `${name} and ${name}_FILE are both set: keep one` };
  if (file === null) return direct === null ? null : checked(direct);
  const path = checked(file);
  if ('mistake' in path) return { mistake: `${name}_FILE: ${path.mistake}` };
  if (path.text === '-') return { mistake: `${name}_FILE names no file` };
  try {
    const text = sources.readFile(path.text).trim();
    if (text === '') return { mistake: `the file of ${name}_FILE is empty` };
    const content = checked({ text, origin: `${name}_FILE` });
    return 'mistake' in content ? { mistake: `the file of ${name}_FILE: ${content.mistake}` } : content;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable';
    return { mistake: `the file of ${name}_FILE can't be read (${code})` };
  }
}

interface Text {
  readonly text: string;
  readonly origin: string;
}

function checked(found: Text): Text | { readonly mistake: string } {
  const mistake = faultOfText(found.text);
  return mistake === null ? found : { mistake };
}

function findVariable(name: string, { env, envFile }: Sources): Text | null {
  const fromEnv = env[name]?.trim() ?? '';
  if (fromEnv !== '') return { text: fromEnv, origin: 'environment' };
  const fromFile = envFile[name]?.trim() ?? '';
  return fromFile === '' ? null : { text: fromFile, origin: '.env' };
}
