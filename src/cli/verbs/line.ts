import { type Register, serviceVerb } from '../verb.ts';

/** `line list` and `line release`. */
export const registerLine: Register = (program, context) => {
  const line = program.command('line').description('look at your lines, and end what holds them');
  serviceVerb(
    line.command('list').description('list your lines with card, chats and hold'),
    context,
    async () => {
      const { listLines } = await import('./status.ts');
      return listLines();
    },
  );
  const release = line
    .command('release')
    .description('end what holds a line (not a missing card)')
    .argument('<line>', 'its number, in full or as it is shown');
  serviceVerb(release, context, async ([number = '']) => {
    const { releaseLine } = await import('./status.ts');
    return releaseLine(number);
  });
};
