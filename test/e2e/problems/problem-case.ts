import { describe, it } from 'vitest';
import type { ProblemCode } from '../../../src/status/problems/problem-words.ts';
import type { Settings } from '../../helpers/process.ts';
import { type Expected, expectSeen, expectWell, isOpen } from './seen.ts';
import { createWorld, type World } from './world.ts';

/** How a problem comes about, and each way out of it that its remedy names. */
export interface ProblemCase {
  readonly severity: Expected['severity'];
  readonly line?: string;
  /** Settings of the service from its start on. */
  readonly settings?: Settings;
  /** What else this brings. */
  readonly beside?: readonly ProblemCode[];
  /** Before its start, in its directory. */
  readonly prepare?: (directory: string) => void;
  readonly provoke: (world: World) => Promise<unknown>;
  /** By what the remedy says; each does what it says and nothing else. The problem may take a look more to close. */
  readonly ways: Readonly<Record<string, (world: World) => Promise<unknown>>>;
}

export type ProblemCases = Readonly<Partial<Record<ProblemCode, ProblemCase>>>;

/** Each problem comes, is told everywhere, and goes by each way that its remedy names. */
export function testProblems(cases: ProblemCases): void {
  for (const [code, one] of Object.entries(cases) as [ProblemCode, ProblemCase][]) {
    describe(`${code} is told everywhere, and nowhere any more after`, () => {
      it.each(Object.entries(one.ways))('%s', async (way, follow) => {
        const notBefore = Date.now();
        const world = await createWorld(one.settings, one.prepare);
        await one.provoke(world);
        await world.until(() => isOpen(world, code));
        const { severity, line, beside = [] } = one;
        const [first] = Object.keys(one.ways); // the others begin alike
        const expected = { code, severity, beside, notBefore, ...(line === undefined ? {} : { line }) };
        if (way === first) await expectSeen(world, expected);
        await follow(world);
        await world.until(async () => !(await isOpen(world, code)));
        await expectWell(world);
      });
    });
  }
}
