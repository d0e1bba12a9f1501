import { runCommandLine } from '../../src/cli/program.ts';

/** One command line of the program as some text gives it. */
export interface Command {
  readonly file: string;
  readonly words: readonly string[];
}

/** What may stand before the program's name when it is called; elsewhere the name is a user's, a unit's or an image's. */
const CALLED =
  /(?:^|\$ |npx |sudo |exec reactor |&& |^[-|] |[A-Z_]+=\S+ )contact-card-reactor((?: +[^\s#;&>`]+)+)/;
/** Where a text names a verb with what follows it, and leaves the program's name out. */
const BARE =
  /^((?:setup|doctor|status|chat|line|catch-up|quarantine|event|backup|restore|migrate|config|simulate|demo)(?: [^\s#;&>]+)+)$/;
const OTHER_CALLS = [
  BARE,
  /compose run (?:-\S+ )*reactor((?: +[^\s#;&>`]+)+)/,
  /\bnode \S+main\.js((?: +[^\s"]+)+)/,
];

/** Every command line in code: of Markdown, blocks and words between backticks; of other files, every line. */
export function findCommands(file: string, text: string): readonly Command[] {
  return codeOf(file, text)
    .flatMap((line) => [CALLED, ...OTHER_CALLS].flatMap((call) => call.exec(line)?.[1] ?? []))
    .map((words) => ({ file, words: words.trim().split(/\s+/) }))
    .flatMap(spellOut);
}

function codeOf(file: string, text: string): readonly string[] {
  // comments hold prose; what is to be typed is indented in them
  const lines = () =>
    text
      .split('\n')
      .filter((line) => !/^\s*# ?\S/.test(line))
      .map((line) => line.replace(/^\s*#? */, ''));
  if (!file.endsWith('.md')) return lines();
  const blocks = [...text.matchAll(/^ *```(?:sh|console|ini|yaml|bash)\n([\s\S]*?)^ *```/gm)].flatMap(
    ([, code = '']) => code.split('\n').map((line) => line.trim()),
  );
  const inline = [...text.replaceAll(/^ *```[\s\S]*?^ *```/gm, '').matchAll(/`([^`]+)`/g)].map(
    ([, code = '']) => code.replaceAll(/\s+/g, ' '),
  );
  return [...blocks, ...inline];
}

/** `chat hold|release ID` stands for two. */
function spellOut(command: Command): readonly Command[] {
  const at = command.words.findIndex((word) => word.includes('|') && word !== '|');
  if (at === -1) {
    const pipe = command.words.indexOf('|');
    return [pipe === -1 ? command : { ...command, words: command.words.slice(0, pipe) }];
  }
  const choices = (command.words[at] ?? '').split('|');
  return choices.flatMap((choice) => spellOut({ ...command, words: command.words.with(at, choice) }));
}

/** What the program prints and ends with. */
async function run(args: readonly string[]) {
  let printed = '';
  const write = (text: string) => {
    printed += text;
  };
  const readFile = () => {
    throw Object.assign(new Error('there are no files'), { code: 'ENOENT' });
  };
  const io = { env: {}, isTerminal: false, columns: 80, write, writeError: write, readFile };
  return { exitCode: await runCommandLine(args, { ...io }), printed };
}

/** What the program says of a command line: what is unknown in it, or null. */
export async function findFault({ words }: Command): Promise<string | null> {
  const flags = words
    .filter((word) => /^\[?--?[a-z]/.test(word))
    .map((word) => word.replaceAll(/[[\]]|=.*$/g, ''));
  const bare = words.filter((word, at) => /^[a-z][a-z-]*$/.test(word) && words[at - 1] !== '--env-file');
  const whole = (await run(['--help'])).printed;
  const [verb, sub] = bare;
  const path = verb === undefined ? [] : [verb];
  if (verb !== undefined && !commandsIn(whole).includes(verb)) return `no verb ${verb}`;
  let help = verb === undefined ? whole : (await run([verb, '--help'])).printed;
  const subs = commandsIn(help);
  if (verb !== undefined && subs.length > 0) {
    if (sub === undefined || !subs.includes(sub)) return `no ${verb} ${sub ?? ''}`;
    help = (await run([...path, sub, '--help'])).printed;
  }
  const unknown = flags.find((flag) => !new RegExp(`(^|[\\s,])${flag}\\b`, 'm').test(help + whole));
  return unknown === undefined ? null : `no option ${unknown}`;
}

const commandsIn = (help: string) =>
  [...(help.split(/^Commands:$/m)[1] ?? '').matchAll(/^ {2}([a-z][a-z-]*)/gm)]
    .map(([, name = '']) => name)
    .filter((name) => name !== 'help');
