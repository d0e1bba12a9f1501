import { execFileSync } from 'node:child_process';

/** Builds `dist/` once before tests that start the real process, so that they never run a stale program. */
export default function build(): void {
  execFileSync('npm', ['run', '--silent', 'build'], { stdio: 'inherit' });
}
