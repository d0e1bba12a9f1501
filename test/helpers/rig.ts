import { onTestFinished } from 'vitest';
import { createSystemClock } from '../../src/clock.ts';
import { createSimulator, type Simulator, type SimulatorOptions } from '../../src/simulator/simulator.ts';
import { LINES } from './deliveries.ts';
import { API_KEY, createWorkDir, type Reactor, type Settings, startReactor } from './process.ts';

export interface Rig {
  readonly simulator: Simulator;
  readonly reactor: Reactor;
  /** The service's working directory. */
  readonly directory: string;
}

/** A simulated Linq that the test speaks for, listening. */
export async function startSimulator(options: Partial<SimulatorOptions> = {}): Promise<Simulator> {
  const simulator = createSimulator({
    clock: createSystemClock(),
    apiKey: API_KEY,
    lines: LINES,
    ...options,
  });
  await simulator.start();
  onTestFinished(() => simulator.stop());
  return simulator;
}

/** The real process, by its environment alone, and a simulated Linq that it calls. */
export async function startRig(
  settings: Settings = {},
  options: Partial<SimulatorOptions> = {},
): Promise<Rig> {
  const simulator = await startSimulator(options);
  const directory = createWorkDir();
  const reactor = await startReactor(directory, { LINQ_API_BASE_URL: simulator.baseUrl, ...settings });
  return { simulator, reactor, directory };
}

/** Lets the simulated Linq know a chat in which we sent a message, without telling anybody. */
export function knowChat(
  simulator: Simulator,
  chat: { readonly chatId: string; readonly line: string; readonly isGroup?: boolean },
): void {
  simulator.createChat({ ...chat, announce: false });
  simulator.sendMessage(chat.chatId);
}
