import { execFileSync } from 'node:child_process';

/**
 * Builds `dist/` once before tests that start the real process, so that they never run a stale program. Whoever runs many
 * such runs in one tree builds it before them all.
 */
export default function build(): void {
  if (process.env.DIST_IS_BUILT === 'true') return;
  execFileSync('npm', ['run', '--silent', 'build'], { stdio: 'inherit' });
}
