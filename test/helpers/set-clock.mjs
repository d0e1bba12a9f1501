// Preloaded into a process (NODE_OPTIONS=--import=…): its wall clock starts at SET_CLOCK (epoch ms) and runs on from
// there, as on a machine whose clock was set.
const offMs = Number(process.env.SET_CLOCK) - Date.now();
const SystemDate = Date;
globalThis.Date = class ShiftedDate extends SystemDate {
  constructor(...args) {
    if (args.length === 0) super(SystemDate.now() + offMs);
    else super(...args);
  }
  static now() {
    return SystemDate.now() + offMs;
  }
};
