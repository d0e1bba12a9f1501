/** The simulator was used wrongly: an unknown chat, a bad option. The message says what to do instead. */
export class SimulatorError extends Error {
  readonly code = 'SIMULATOR_USAGE';
  override readonly name = 'SimulatorError';
}
