export const LIVE_SCRIPT = '';
