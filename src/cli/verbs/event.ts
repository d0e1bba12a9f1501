import type { Command } from 'commander';
import { EXIT } from '../io.ts';
import type { Register, VerbContext } from '../verb.ts';
import type { VerifyFlags } from './send-event.ts';
import type { EventFlags } from './signed-event.ts';

/** `event sign`, `event send` and `event verify`. */
export const registerEvent: Register = (program, context) => {
  const event = program
    .command('event')
    .description('sign webhook events as Linq does, send them, or check one');
  registerSign(event, context);
  registerSend(event, context);
  registerVerify(event, context);
};

function takeEvent(command: Command): Command {
  return command
    .argument('[file]', 'the body, - for standard input')
    .option('--example <type>', 'a built-in body: probe, message.sent, message.received, …')
    .option(
      '--payload-version <version>',
      'version of the example: 2026-02-03 or 2025-01-01 (default: 2026-02-03)',
    )
    .option('--line <number>', 'the line of the example (default: +12025550100)')
    .option('--chat-id <id>', 'the chat of the example (default: a new one)')
    .option(
      '--secret-file <file>',
      'file with the signing secret, - for standard input (default: LINQ_WEBHOOK_SECRET)',
    )
    .option('--scheme <scheme>', 'signature headers: standard, legacy or both (default: both, like Linq)')
    .option('--id <id>', 'webhook-id (default: the body’s event_id)')
    .option('--timestamp <time>', 'when it was signed: unix seconds or ISO 8601 (default: now)')
    .option('--json', 'print JSON');
}

function registerSign(event: Command, { io, readSources, run }: VerbContext): void {
  takeEvent(event.command('sign').description('print the headers that sign a body'))
    .option('--curl', 'print a curl command instead')
    .option('--to <url>', 'where the curl command sends it (default: the local service)')
    .action(
      run(async (file: string | undefined, flags: EventFlags & { curl?: boolean; to?: string }) => {
        const { printSigned } = await import('./send-event.ts');
        return printSigned(file, flags, { io, sources: await readSources() });
      }),
    );
}

function registerSend(event: Command, { io, readSources, run }: VerbContext): void {
  takeEvent(event.command('send').description('sign an event, send it, and explain the answer'))
    .option('--to <url>', 'address of a service, or of a webhook route (default: from HOST and PORT)')
    .option('--yes', 'also send events that affect a real account, or to another host')
    .action(
      run(async (file: string | undefined, flags: EventFlags & { to?: string; yes?: boolean }) => {
        const { sendEvent } = await import('./send-event.ts');
        const isAccepted = await sendEvent(file, flags, { io, sources: await readSources() });
        return isAccepted ? EXIT.fine : EXIT.failed;
      }),
    );
}

const collect = (value: string, collected: readonly string[] = []) => [...collected, value];

function registerVerify(event: Command, { io, readSources, run }: VerbContext): void {
  event
    .command('verify')
    .description('say whether the service would accept a delivery, why not, and what it would read')
    .argument('[file]', 'the body as it was received, - for standard input')
    .option('-H, --header <header>', 'a header of the delivery, "name: value"; repeatable', collect)
    .option('--headers <file>', 'file with its headers, one on each line')
    .option('--secret-file <file>', 'file with the signing secret (default: LINQ_WEBHOOK_SECRET)')
    .option('--json', 'print JSON')
    .action(
      run(async (file: string | undefined, flags: VerifyFlags) => {
        const { verifyEvent } = await import('./send-event.ts');
        return verifyEvent(file, flags, { io, sources: await readSources() });
      }),
    );
}
