#!/usr/bin/env node
import { adviseOnNode } from './cli/start-failure.ts';

const advice = adviseOnNode(process.versions.node);
if (advice !== null) {
  process.stderr.write(`${advice}\n`);
  process.exit(1);
}

try {
  const [{ runCommandLine }, { createProcessIo }] = await Promise.all([
    import('./cli/program.ts'),
    import('./cli/io.ts'),
  ]);
  process.exitCode = await runCommandLine(process.argv.slice(2), createProcessIo());
} catch (error) {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exitCode = 1;
}
