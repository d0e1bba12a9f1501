#!/usr/bin/env node

// Everything is imported here, so that a file that is missing is explained.
try {
  const { adviseOnNode } = await import('./cli/start-failure.ts');
  const advice = adviseOnNode(process.versions.node);
  if (advice !== null) {
    process.stderr.write(`${advice}\n`);
    process.exit(1);
  }
  const [{ runCommandLine }, { createProcessIo }] = await Promise.all([
    import('./cli/program.ts'),
    import('./cli/io.ts'),
  ]);
  process.exitCode = await runCommandLine(process.argv.slice(2), createProcessIo());
} catch (error) {
  process.stderr.write(`${await describe(error)}\n`);
  process.exitCode = 1;
}

async function describe(error: unknown): Promise<string> {
  if (!(error instanceof Error)) return String(error);
  try {
    const { adviseOnInstallation } = await import('./cli/start-failure.ts');
    const { inSources } = await import('./package-files.ts');
    return adviseOnInstallation(error) ?? inSources(error.stack ?? error.message);
  } catch {
    return `${error.message}. Install the program again.`; // the files that would explain it are also missing
  }
}
