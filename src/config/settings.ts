import { BEHAVIOUR_SETTINGS } from './behaviour-settings.ts';
import { CONNECTION_SETTINGS } from './connection-settings.ts';
import { OPERATION_SETTINGS } from './operation-settings.ts';
import type { Setting } from './setting.ts';

export type { Setting } from './setting.ts';

/** Every variable there is: the one source for reading, for `.env.example` and for `config show`. */
export const SETTINGS = { ...CONNECTION_SETTINGS, ...BEHAVIOUR_SETTINGS, ...OPERATION_SETTINGS } as const;

/** In the order of `.env.example`. */
export const ALL_SETTINGS: readonly Setting<unknown>[] = Object.values(SETTINGS);
